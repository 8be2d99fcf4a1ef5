import BreakerAPI
import BreakerEngine
import NIOHTTP1
import Testing

@testable import BreakerHTTP

@Suite("Routing, with errors as problem documents")
struct RoutingTests {

    @Test(
        "A path that does not exist is a 404",
        arguments: [
            "/v1", "/v1/", "/v2/breakers", "/v1/breakers/a/b", "/v1/breakers/a/acquire/x",
            "/v1/breakers/a/b/acquire", "/livez/x",
            "/V1/breakers", "/%76%31/breakers", "/v1/breakers//override", "//v1/breakers/a", "/v1/breakers/a/",
            "/v1//breakers", "/livez/",
        ]
    )
    func notFound(path: String) async throws {
        try await TestServer.with { server in
            for method in [HTTPMethod.GET, .POST, .PUT, .DELETE, .PATCH, .OPTIONS] {
                try await server.send(method, path).expectProblem(.notFound)
            }
        }
    }

    @Test(
        "A method that a path does not support is a 405 that lists the supported ones",
        arguments: [
            ("/v1/breakers/a/acquire", "POST"), ("/v1/breakers/a/report", "POST"), ("/v1/reports", "POST"),
            ("/v1/breakers", "DELETE, GET, HEAD"), ("/v1/breakers/a", "DELETE, GET, HEAD, PATCH, PUT"),
            ("/v1/breakers/a/reset", "POST"), ("/v1/breakers/a/override", "DELETE, PUT"),
            ("/v1/breakers/a/failures", "GET, HEAD"), ("/v1/breakers/a/transitions?page_size=1", "GET, HEAD"),
            ("/v1/transitions", "GET, HEAD"), ("/v1/backup", "POST"), ("/v1/tokens/reload", "POST"),
            ("/v1/policies", "POST"),
            ("/livez", "GET, HEAD"), ("/readyz", "GET, HEAD"),
            ("/version", "GET, HEAD"), ("/openapi.yaml", "GET, HEAD"), ("/", "GET, HEAD"),
            ("/dashboard/app.js", "GET, HEAD"),
            ("/v1/session", "DELETE, GET, HEAD, POST"),
        ]
    )
    func methods(path: String, allow: String) async throws {
        try await TestServer.with { server in
            let allowed = allow.split(separator: ", ").map(String.init)
            for method in ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
            where !allowed.contains(method) {
                let answer = try await server.send(HTTPMethod(rawValue: method), path)
                answer.expectProblem(.methodNotAllowed)
                #expect(answer["allow"] == allow, "\(method)")
            }
        }
    }

    @Test("A method that no route takes is a 501 at any path", arguments: ["TRACE", "PROPFIND", "PURGE"])
    func unknownMethod(method: String) async throws {
        try await TestServer.with { server in
            for path in ["/v1/breakers/a", "/livez", "/nowhere"] {
                try await server.send(HTTPMethod(rawValue: method), path).expectProblem(.notImplemented)
            }
        }
    }

    @Test(
        "A HEAD returns the fields of a GET without a body, also for an error",
        arguments: [
            ("/livez", 200), ("/v1/breakers/a", 200), ("/v1/breakers", 200), ("/v1/breakers/b", 404), ("/nowhere", 404),
            ("/v1/breakers/a/acquire", 405), ("/v1/breakers?state=x", 400),
        ]
    )
    func head(path: String, status: Int) async throws {
        try await TestServer.with { server in
            _ = try await server.acquire("a")
            try await ByteClient.run(server.port) { client in
                try client.send("HEAD \(path) HTTP/1.1\r\nhost: x\r\n\r\nGET /livez HTTP/1.1\r\nhost: x\r\n\r\n")
                let head = try client.readAnswer(hasBody: false)
                #expect(head.status == status)
                #expect(head["content-length"].flatMap { Int($0) }.map { $0 > 0 } == true)
                #expect(head["content-type"] == (status == 200 ? "application/json" : "application/problem+json"))
                #expect(try client.readAnswer().text == #"{"status":"live"}"#)
            }
        }
    }

    @Test("A breaker above the maximum number is a 422 to workers and operators")
    func breakerLimit() async throws {
        var configuration = Engine.Configuration()
        configuration.maximumBreakers = 2
        try await TestServer.with(configuration: configuration) { server in
            for name in ["a", "b"] { #expect(try await server.acquire(name).status == 200) }
            try await server.acquire("c").expectProblem(.breakerLimit)
            try await server.report("c", "outcome=success").expectProblem(.breakerLimit)
            try await server.send(.PUT, "/v1/breakers/c", #"{"preset":"flaky"}"#).expectProblem(.breakerLimit)
            #expect(try await server.acquire("b").status == 200)
            #expect(try await server.send(.DELETE, "/v1/breakers/a").status == 204)
            #expect(try await server.acquire("c").status == 200)
        }
    }

    @Test(
        "Reading or steering an unknown breaker is a 404",
        arguments: [
            (.GET, "", nil), (.HEAD, "", nil), (.PATCH, "", #"{"policy":{}}"#), (.DELETE, "", nil),
            (.POST, "/reset", nil),
            (.PUT, "/override", #"{"mode":"shadow","reason":"x"}"#), (.DELETE, "/override", nil),
            (.GET, "/failures", nil),
            (.GET, "/transitions", nil),
        ] as [(HTTPMethod, String, String?)]
    )
    func unknown(method: HTTPMethod, path: String, body: String?) async throws {
        try await TestServer.with { server in
            let answer = try await server.send(method, "/v1/breakers/a\(path)", body)
            #expect(answer.status == 404)
            if method != .HEAD { answer.expectProblem(.unknownBreaker) }
        }
    }
}
