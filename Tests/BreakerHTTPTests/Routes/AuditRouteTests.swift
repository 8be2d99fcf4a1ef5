import BreakerAPI
import BreakerCore
import BreakerEngine
import EngineSupport
import NIOHTTP1
import Testing

@testable import BreakerHTTP

@Suite("The audit log over HTTP")
struct AuditRouteTests {
    @Test("An audit entry has the actor, the address, and the values before and after the change")
    func entry() async throws {
        try await TestServer.with { server in
            _ = try await server.acquire("a")
            _ = try await server.send(.PUT, "/v1/breakers/a/override", #"{"mode":"shadow","reason":"<b> \"é\""}"#)
            let answer = try await server.send(.GET, "/v1/audit")
            #expect(
                answer.text == #"""
                    {"audit":[{"revision":2,"at":"2026-01-01T00:00:00.000Z","actor":"anonymous",\#
                    "address":"127.0.0.1","action":"override_set","breaker":"a","before":null,\#
                    "after":{"mode":"shadow","reason":"<b> \"é\"","actor":"anonymous",\#
                    "since":"2026-01-01T00:00:00.000Z","expires_at":"2026-01-01T01:00:00.000Z"}}],\#
                    "next_page_token":""}
                    """#
            )
        }
    }

    @Test(
        "The pages of the audit log list each entry once, newest first, and the export has the same entries as lines",
        arguments: [1, 2, 9]
    )
    func pages(size: Int) async throws {
        try await TestServer.with { server in
            for name in ["a", "b", "c", "d", "e"] {
                _ = try await server.send(.PUT, "/v1/breakers/\(name)", #"{"preset":"flaky"}"#)
            }
            var (entries, token): ([JSON], String) = ([], "")
            repeat {
                let answer = try await server.send(.GET, "/v1/audit?page_size=\(size)&page_token=\(token)")
                entries += answer.json["audit"]?.items ?? []
                token = answer.nextPageToken
            } while token != "" && entries.count < 100
            #expect(entries.map { $0["breaker"]?.text } == ["e", "d", "c", "b", "a"])
            let export = try await server.send(.GET, "/v1/audit", fields: [("accept", "application/x-ndjson")])
            #expect(export["content-type"] == "application/x-ndjson")
            let lines = entries.map { String(decoding: $0.bytes, as: UTF8.self) + "\n" }.joined()
            #expect(export.text == lines)
        }
    }

    @Test("The export of the audit log has more entries than one page holds")
    func longExport() async throws {
        try await TestServer.with { server in
            let name = try #require(BreakerName("a"))
            for number in 1...1_001 {
                var policy = Policy()
                policy.failureThreshold = number
                _ = try await server.engine.putPolicy(policy, of: name, actor: "alice")
            }
            let export = try await server.send(.GET, "/v1/audit", fields: [("accept", "application/x-ndjson")])
            #expect(export.text.split(separator: "\n").count == 1_001)
        }
    }

    @Test(
        "The query parameters filter the audit entries",
        arguments: [
            ("breaker=pay:a", 2), ("breaker=b", 1), ("prefix=pay", 2), ("actor=anonymous", 3), ("actor=x", 0),
            ("action=reset", 1), ("action=delete", 0), ("from=2026-01-01T00:00:01Z", 1),
            ("to=2026-01-01T00:00:01Z", 2), ("from=2026-01-01T01:00:00.5%2B01:00", 1), ("prefix=pay&action=policy", 1),
        ]
    )
    func filters(query: String, count: Int) async throws {
        try await TestServer.with { server in
            for name in ["pay:a", "b"] {
                _ = try await server.send(.PUT, "/v1/breakers/\(name)", #"{"preset":"flaky"}"#)
            }
            server.clock.advance(byMs: 1_000)
            _ = try await server.send(.POST, "/v1/breakers/pay:a/reset")
            #expect(try await server.send(.GET, "/v1/audit?\(query)").json["audit"]?.items.count == count)
        }
    }

    @Test(
        "An invalid query of the audit log is refused, and the problem names the field",
        arguments: [
            ("breaker=%20", "breaker"), ("action=create", "action"), ("from=yesterday", "from"),
            ("to=2026-02-29T00:00:00Z", "to"), ("to=2026-01-01T24:00:00Z", "to"), ("from=", "from"),
            ("page_token=00", "page_token"), ("page_size=0", "page_size"),
        ]
    )
    func refused(query: String, field: String) async throws {
        try await TestServer.with { server in
            let answer = try await server.send(.GET, "/v1/audit?\(query)")
            answer.expectProblem(.invalidRequest, faults: [field])
        }
    }

    @Test("A token reads and exports only the audit entries of its prefix; a worker's token is refused")
    func prefix() async throws {
        let (all, allSecret) = Token.make(name: "all", role: .operator, prefix: "")
        let (some, someSecret) = Token.make(name: "some", role: .viewer, prefix: "b")
        let (work, workSecret) = Token.make(name: "work", role: .worker, prefix: "")
        try await TestServer.with(tokens: [all, some, work]) { server in
            for name in ["a", "b"] {
                _ = try await server.send(.PUT, "/v1/breakers/\(name)", #"{"preset":"slow"}"#, secret: allSecret)
            }
            for query in ["", "?breaker=b", "?prefix=b", "?actor=all"] {
                let answer = try await server.send(.GET, "/v1/audit\(query)", secret: someSecret)
                #expect(answer.json["audit"]?.items.compactMap { $0["breaker"]?.text } == ["b"], "\(query)")
            }
            for query in ["?breaker=a", "?prefix=a"] {
                let answer = try await server.send(.GET, "/v1/audit\(query)", secret: someSecret)
                #expect(answer.json["audit"] == .array([]), "\(query)")
            }
            let lines = [("accept", "application/x-ndjson")]
            let export = try await server.send(.GET, "/v1/audit", fields: lines, secret: someSecret)
            #expect(export.text.split(separator: "\n").count == 1 && export.text.contains(#""breaker":"b""#))
            try await server.send(.GET, "/v1/audit", secret: workSecret).expectProblem(.forbidden)
        }
    }
}
