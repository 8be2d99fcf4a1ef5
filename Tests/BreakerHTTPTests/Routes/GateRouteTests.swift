import BreakerAPI
import EngineSupport
import Foundation
import NIOHTTP1
import Testing
import Yams

@testable import BreakerHTTP

@Suite("A gate answers a proxy with an HTTP status")
struct GateRouteTests {
    @Test(
        "A gate of a closed breaker lets any method and query through, with a permit that can be reported",
        arguments: [HTTPMethod.GET, .HEAD, .POST, .PUT, .PATCH, .DELETE, .OPTIONS],
        ["", "?path=/orders?a=1&a=2&%zz"]
    )
    func closed(method: HTTPMethod, query: String) async throws {
        try await TestServer.with { server in
            for path in ["/v1/gate/a", "/v1/gate/a/probe"] {
                let answer = try await server.send(method, path + query)
                #expect(answer.status == 200)
                #expect(answer.body.isEmpty)
                #expect(answer["breaker-state"] == "closed")
                #expect(answer["breaker-permit"] == "1")
                #expect(answer["breaker-lease-ms"] == nil)
                #expect(answer["cache-control"] == "no-store")
            }
            #expect(
                try await server.report("a", "outcome=success&permit=1").text
                    == #"{"applied":true,"state":"closed","generation":1}"#
            )
        }
    }

    @Test("A gate of an open breaker denies with the remaining seconds and an empty body", arguments: ["", "/probe"])
    func open(suffix: String) async throws {
        try await TestServer.with { server in
            try await server.trip("a")
            server.clock.advance(byMs: 30_500)
            let answer = try await server.send(.GET, "/v1/gate/a\(suffix)")
            #expect(answer.status == 403)
            #expect(answer.body.isEmpty)
            #expect(answer["breaker-state"] == "open")
            #expect(answer["retry-after"] == "30")
            #expect(answer["breaker-permit"] == nil)
        }
    }

    @Test("At a half-open gate only a caller that reports gets the probe, and its report closes the breaker")
    func halfOpen() async throws {
        try await TestServer.with { server in
            try await server.trip("a")
            server.clock.advance(byMs: 60_000)
            for _ in 1...2 {
                let denied = try await server.send(.GET, "/v1/gate/a")
                #expect(denied.status == 403)
                #expect(denied["breaker-state"] == "half_open")
                #expect(denied["retry-after"] == "1")
            }
            let probe = try await server.send(.GET, "/v1/gate/a/probe")
            #expect(probe.status == 200)
            #expect(probe["breaker-state"] == "half_open")
            #expect(probe["breaker-lease-ms"] == "30000")
            #expect(try await server.send(.GET, "/v1/gate/a/probe").status == 403)
            let permit = try #require(probe["breaker-permit"])
            _ = try await server.report("a", "outcome=success&permit=\(permit)")
            #expect(try await server.send(.GET, "/v1/gate/a").status == 200)
        }
    }

    @Test("A gate in shadow mode lets the call through and says that it would deny")
    func shadow() async throws {
        try await TestServer.with { server in
            try await server.trip("a")
            _ = try await server.send(.PUT, "/v1/breakers/a/override", #"{"mode":"shadow","reason":"a test"}"#)
            let answer = try await server.send(.GET, "/v1/gate/a")
            #expect(answer.status == 200)
            #expect(answer["breaker-would-deny"] == "true")
        }
    }

    @Test("The decisions of a gate are counted as allowed or denied")
    func counts() async throws {
        try await TestServer.with { server in
            _ = try await server.send(.GET, "/v1/gate/a")
            try await server.trip("a")
            for suffix in ["", "/probe"] { _ = try await server.send(.GET, "/v1/gate/a\(suffix)") }
            server.clock.advance(byMs: 60_000)
            _ = try await server.send(.GET, "/v1/gate/a")
            let view = try await server.send(.GET, "/v1/breakers/a")
            #expect(view.json["decisions"] == ["allowed": .integer(1), "denied": .integer(3)])
        }
    }

    @Test(
        "A request that a gate cannot decide is a 503 whatever the reason, so that no proxy takes it for a denial",
        arguments: [
            ("GET", "/v1/gate/-", ProblemCode.invalidRequest), ("GET", "/v1/gate/-/probe", .invalidRequest),
            ("GET", "/v1/gate/", .notFound), ("GET", "/v1/gate/a/other", .notFound),
            ("TRACE", "/v1/gate/a", .notImplemented), ("GET", "/v1/gate/foreign", .forbidden),
        ]
    )
    func undecided(method: String, path: String, code: ProblemCode) async throws {
        let (token, secret) = Token.make(name: "proxy", role: .worker, prefix: "a")
        try await TestServer.with(tokens: [token]) { server in
            try await server.send(HTTPMethod(rawValue: method), path, secret: secret).expectUndecided(code)
        }
    }

    @Test("A worker's token may use a gate, also with a browser's cross-site fields; no other token may")
    func access() async throws {
        let (worker, secret) = Token.make(name: "proxy", role: .worker, prefix: "")
        let (viewer, viewersSecret) = Token.make(name: "screen", role: .viewer, prefix: "")
        try await TestServer.with(tokens: [worker, viewer]) { server in
            for path in ["/v1/gate/a", "/v1/gate/a/probe"] {
                #expect(try await server.send(.GET, path, secret: secret).status == 200)
                try await server.send(.GET, path, secret: viewersSecret).expectUndecided(.forbidden)
                try await server.send(.GET, path, secret: nil).expectUndecided(.unauthorized)
                let marks = ["host: shop.example", "origin: https://elsewhere.example", "sec-fetch-site: cross-site"]
                let answer = try await ByteClient.run(server.port) { client in
                    let fields = (marks + ["authorization: Bearer \(secret)"]).map { $0 + "\r\n" }.joined()
                    try client.send("GET \(path) HTTP/1.1\r\n\(fields)\r\n")
                    return try client.readAnswer()
                }
                #expect(answer.status == 200)
            }
        }
    }

    @Test("The Envoy example is valid YAML and uses a gate that exists")
    func envoy() throws {
        let text = try String(contentsOf: Repository.file("docker/examples/envoy.yaml"), encoding: .utf8)
        #expect(try Yams.load(yaml: text) != nil)
        let prefix = try #require(text.firstMatch(of: /path_prefix: (\S+)\?/)?.1)
        #expect(prefix == "/v1/gate/payments/probe")
    }
}

extension HTTPAnswer {
    /// Expects a problem of this code, under the status of a gate.
    fileprivate func expectUndecided(_ code: ProblemCode, sourceLocation: SourceLocation = #_sourceLocation) {
        #expect(status == 503, sourceLocation: sourceLocation)
        #expect(json["status"] == .integer(503), sourceLocation: sourceLocation)
        #expect(json["code"] == .string(code.rawValue), sourceLocation: sourceLocation)
        #expect(self["breaker-state"] == nil, sourceLocation: sourceLocation)
    }
}
