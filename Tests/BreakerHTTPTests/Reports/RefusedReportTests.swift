import BreakerCore
import BreakerEngine
import EngineSupport
import NIOHTTP1
import Testing

@testable import BreakerHTTP

@Suite("Refused reports")
struct RefusedReportTests {
    @Test("Reports with an invalid field are counted in the explanation and the metrics, by breaker, client and field")
    func counted() async throws {
        try await TestServer.with { server in
            for name in ["a", "b"] { _ = try await server.acquire(name) }
            for _ in 1...3 {
                #expect(try await server.report("a", "outcome=failure&duration_ms=-1").status == 400)
            }
            #expect(try await server.report("a", "outcome=failure&detail=%ff").status == 400)
            #expect(try await server.report("a", "outcome=failure&kind=x&kind=y").status == 400)
            server.clock.advance(byMs: 5_000)
            let batch = #"""
                {"reports":[{"name":"a","outcome":"failure","kind":7},{"name":"a","outcome":"success"},
                {"name":"b","outcome":"maybe"},{"name":"?","outcome":"maybe"}]}
                """#
            #expect(try await server.send(.POST, "/v1/reports", batch).status == 200)

            let json = try await server.send(.GET, "/v1/breakers/a/explain").json
            let refused = try #require(json["refused_reports"]?.items)
            #expect(refused.map { $0["field"] } == ["kind", "duration_ms", "detail"])
            #expect(refused.map { $0["count"] } == [2, 3, 1])
            #expect(refused.first?["last_at"] == "2026-01-01T00:00:05.000Z")
            #expect(refused[1]["last_at"] == "2026-01-01T00:00:00.000Z")
            #expect(refused[1]["detail"] == "must be 0 to 86400000")
            let text = json["text"]?.text ?? ""
            #expect(
                text.contains("6 invalid reports were refused and did not count, the last at 00:00:05 UTC"),
                "\(text)"
            )
            let metrics = try await server.metrics()
            let client = try #require(refused.first?["client"]?.text)
            func count(_ breaker: String, _ field: String) -> Double? {
                let labels = "breaker=\"\(breaker)\",client=\"\(client)\",field=\"\(field)\""
                return metrics["fusebox_refused_reports_total{\(labels)}"]
            }
            #expect(count("a", "duration_ms") == 3 && count("a", "kind") == 2 && count("b", "outcome") == 1)
        }
    }

    @Test("A refused report counts only for a breaker of the token, and only a token with that breaker sees it")
    func foreign() async throws {
        let (worker, secret) = Token.make(name: "checkout", role: .worker, prefix: "pay")
        let (viewer, viewersSecret) = Token.make(name: "scraper", role: .viewer, prefix: "search")
        let (other, othersSecret) = Token.make(name: "all", role: .viewer, prefix: "")
        try await TestServer.with(tokens: [worker, viewer, other]) { server in
            for name in ["payments", "search"] {
                _ = try await server.engine.acquire(try #require(BreakerName(name)), from: .server)
            }
            let batch = #"{"reports":[{"name":"payments","outcome":"no"},{"name":"search","outcome":"no"}]}"#
            _ = try await server.send(.POST, "/v1/reports", batch, secret: secret)
            for name in ["payments", "search"] {
                _ = try await server.send(.POST, "/v1/breakers/\(name)/report?outcome=no", secret: secret)
            }
            let family = "fusebox_refused_reports_total"
            let label = #"{breaker="payments",client="checkout",field="outcome"}"#
            let all = try await server.metrics(secret: othersSecret).filter { $0.key.hasPrefix(family) }
            #expect(all == [family + label: 2])
            let foreign = try await server.metrics(secret: viewersSecret).filter { $0.key.hasPrefix(family) }
            #expect(foreign.isEmpty)
        }
    }
}
