import BreakerAPI
import EngineSupport
import Foundation
import NIOHTTP1
import Testing
import Yams

@testable import BreakerHTTP

@Suite("A gate answers proxies by status")
struct GateTests {
    @Test(
        "Whatever the method and the query, a closed breaker lets through, and its permit can be reported",
        arguments: [HTTPMethod.GET, .HEAD, .POST, .PUT, .PATCH, .DELETE, .OPTIONS],
        ["", "?path=/orders?a=1&a=2&%zz"]
    )
    func closed(method: HTTPMethod, query: String) async throws {
        try await TestServer.with { server in
            for path in ["/v1/gate/a", "/v1/gate/a/probe"] {
                let answer = try await server.send(method, path + query)
                #expect(answer.status == 204)
                #expect(answer.body.isEmpty)
                #expect(answer["breaker-state"] == "closed")
                #expect(answer["breaker-permit"] == "1")
                #expect(answer["breaker-lease-ms"] == nil)
                #expect(answer["cache-control"] == "no-store")
            }
            #expect(
                try await server.report("a", "outcome=success&permit=1").text == #"{"applied":true,"state":"closed"}"#
            )
        }
    }

    @Test("An open breaker denies, with the seconds that remain and an empty body", arguments: ["", "/probe"])
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

    @Test("Half open, only a caller that reports gets the probe, and its report closes")
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
            #expect(probe.status == 204)
            #expect(probe["breaker-state"] == "half_open")
            #expect(probe["breaker-lease-ms"] == "30000")
            #expect(try await server.send(.GET, "/v1/gate/a/probe").status == 403)
            let permit = try #require(probe["breaker-permit"])
            _ = try await server.report("a", "outcome=success&permit=\(permit)")
            #expect(try await server.send(.GET, "/v1/gate/a").status == 204)
        }
    }

    @Test("In shadow a gate lets through and says that it would not")
    func shadow() async throws {
        try await TestServer.with { server in
            try await server.trip("a")
            _ = try await server.send(.PUT, "/v1/breakers/a/override", #"{"mode":"shadow","reason":"a test"}"#)
            let answer = try await server.send(.GET, "/v1/gate/a")
            #expect(answer.status == 204)
            #expect(answer["breaker-would-deny"] == "true")
        }
    }

    @Test("What passes a gate counts as decided")
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
        "A mistake is a problem document, and never looks like a decision",
        arguments: ["/v1/gate/-", "/v1/gate/-/probe"]
    )
    func mistakes(path: String) async throws {
        try await TestServer.with { server in
            let answer = try await server.send(.GET, path)
            answer.expectProblem(.invalidRequest, faults: ["name"])
            #expect(answer["breaker-state"] == nil)
        }
    }

    @Test("The example for Envoy is YAML, and asks at a gate that there is")
    func envoy() throws {
        let text = try String(contentsOf: Repository.file("docker/examples/envoy.yaml"), encoding: .utf8)
        #expect(try Yams.load(yaml: text) != nil)
        let prefix = try #require(text.firstMatch(of: /path_prefix: (\S+)\?/)?.1)
        #expect(prefix == "/v1/gate/payments/probe")
    }
}
