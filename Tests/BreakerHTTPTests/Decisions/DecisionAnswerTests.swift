import BreakerAPI
import BreakerCore
import EngineSupport
import NIOHTTP1
import Testing

@testable import BreakerHTTP

@Suite("Answers to workers")
struct DecisionAnswerTests {
    @Test("A closed breaker allows, and returns its generation as the permit")
    func closed() async throws {
        try await TestServer.with { server in
            let answer = try await server.acquire("payments")
            #expect(answer.status == 200)
            #expect(answer.text == #"{"allowed":true,"state":"closed","permit":"1"}"#)
            #expect(answer["content-type"] == "application/json")
            #expect(answer["cache-control"] == "no-store")
            #expect(answer["content-length"] == "\(answer.body.count)")
            #expect(answer["retry-after"] == nil)
            #expect(answer["date"] != nil)
            #expect(try await server.acquire("payments").text == answer.text, "the panel answers as the writer did")
        }
    }

    @Test("An acquire with create=false creates no breaker, and its error has the similar names that the token may use")
    func existingOnly() async throws {
        let (worker, secret) = Token.make(name: "checkout", role: .worker, scope: try NameScope("=payment,pay:"))
        let (boss, bossSecret) = Token.make(name: "boss", role: .operator, prefix: "")
        try await TestServer.with(tokens: [worker, boss]) { server in
            for name in ["pay:cards", "pay:card", "pay_card", "payment"] {
                _ = try await server.send(.POST, "/v1/breakers/\(name)/acquire", secret: bossSecret)
            }
            let known = try await server.send(.POST, "/v1/breakers/payment/acquire?create=false", secret: secret)
            #expect(known.json["allowed"] == true)
            let path = "/v1/breakers/pay:crad"
            let unknown = try await server.send(.POST, path + "/acquire?create=false", secret: secret)
            unknown.expectProblem(.unknownBreaker)
            #expect(unknown.json["detail"] == "there is no breaker pay:crad; similar names: pay:card")
            #expect(try await server.send(.GET, path, secret: secret).status == 404)
            try await server.send(.POST, path + "/acquire?create=no", secret: secret)
                .expectProblem(.invalidRequest, faults: ["create"])
            try await server.send(.POST, path + "/acquire?creates=false", secret: secret)
                .expectProblem(.invalidRequest, faults: ["creates"])
            let short = try await server.send(.POST, "/v1/breakers/pay:/acquire?create=false", secret: secret)
            #expect(short.json["detail"] == "there is no breaker pay:")
            #expect(try await server.send(.POST, path + "/acquire?create=true", secret: secret).status == 200)
            // A probe needs a write, so the writer decides.
            _ = try await server.send(.POST, path + "/reset?to=half_open", secret: bossSecret)
            let probe = try await server.send(.POST, path + "/acquire?create=false", secret: secret)
            #expect(probe.json["lease_ms"] == 30_000)
        }
    }

    @Test(
        "An open breaker returns the remaining time in milliseconds, and in seconds rounded up",
        arguments: [
            (0, 60_000, "60"), (1, 59_999, "60"), (999, 59_001, "60"), (1_000, 59_000, "59"), (31_877, 28_123, "29"),
            (59_000, 1_000, "1"), (59_999, 1, "1"),
        ] as [(Int64, Int64, String)]
    )
    func open(afterMs: Int64, retryAfterMs: Int64, seconds: String) async throws {
        try await TestServer.with { server in
            try await server.trip("payments")
            server.clock.advance(byMs: afterMs)
            let answer = try await server.acquire("payments")
            #expect(answer.status == 200)
            #expect(
                answer.text == #"{"allowed":false,"state":"open","generation":2,"retry_after_ms":\#(retryAfterMs)}"#
            )
            #expect(answer["retry-after"] == seconds)
            #expect(answer["cache-control"] == "no-store")
        }
    }

    @Test("A probe gets a lease, and the next acquire is denied until the probe is reported or its lease ends")
    func probe() async throws {
        try await TestServer.with { server in
            try await server.trip("payments")
            server.clock.advance(byMs: 60_000)
            let probe = try await server.acquire("payments")
            let permit = try #require(probe.json["permit"]?.text)
            #expect(probe.text == #"{"allowed":true,"state":"half_open","permit":"\#(permit)","lease_ms":30000}"#)
            #expect(permit.wholeMatch(of: /3-[0-9a-f]{16}/) != nil, "\(permit)")
            server.clock.advance(byMs: 500)
            let second = try await server.acquire("payments")
            #expect(second.text == #"{"allowed":false,"state":"half_open","generation":3,"retry_after_ms":29500}"#)
            #expect(second["retry-after"] == "30")
            let report = try await server.report("payments", "outcome=success&permit=\(permit)")
            #expect(report.text == #"{"applied":true,"state":"closed","generation":4}"#)
            #expect(report["cache-control"] == "no-store")
            let again = try await server.report("payments", "outcome=success&permit=\(permit)")
            #expect(again.text == #"{"applied":false,"reason":"stale_permit","state":"closed","generation":4}"#)
        }
    }

    @Test(
        "The answer to an acquire shows the effect of an override",
        arguments: [
            ("force_open", "3600000", #"{"allowed":false,"state":"open","generation":3,"retry_after_ms":3600000}"#),
            ("force_open", "null", #"{"allowed":false,"state":"open","generation":3}"#),
            ("force_closed", "null", #"{"allowed":true,"state":"closed","permit":"3"}"#),
            ("shadow", "null", #"{"allowed":true,"state":"open","permit":"2","would_deny":true}"#),
        ]
    )
    func override(mode: String, expiry: String, text: String) async throws {
        try await TestServer.with { server in
            try await server.trip("payments")
            let order = #"{"mode":"\#(mode)","reason":"a test","expires_in_ms":\#(expiry)}"#
            #expect(try await server.send(.PUT, "/v1/breakers/payments/override", order).status == 200)
            let answer = try await server.acquire("payments")
            #expect(answer.text == text)
            #expect((answer["retry-after"] != nil) == text.contains("retry_after_ms"))
        }
    }

    @Test("A report's answer says whether it was applied, the reason if not, and the resulting state and generation")
    func reports() async throws {
        try await TestServer.with { server in
            for outcome in ["success", "ignored", "failure", "failure", "failure", "failure"] {
                let answer = try await server.report("a", "outcome=\(outcome)")
                #expect(answer.text == #"{"applied":true,"state":"closed","generation":1}"#)
            }
            let tripping = try await server.report("a", "outcome=failure")
            #expect(tripping.text == #"{"applied":true,"state":"open","generation":2}"#)
            let late = try await server.report("a", "outcome=failure")
            #expect(late.text == #"{"applied":false,"reason":"open","state":"open","generation":2}"#)
            let stale = try await server.report("a", "outcome=failure&permit=1")
            #expect(stale.text == #"{"applied":false,"reason":"stale_permit","state":"open","generation":2}"#)
            server.clock.advance(byMs: 60_000)
            let blind = try await server.report("a", "outcome=failure")
            #expect(blind.text == #"{"applied":false,"reason":"no_lease","state":"half_open","generation":3}"#)
            let lost = try await server.report("a", "outcome=success&permit=3-00000000000000ff")
            #expect(lost.text == #"{"applied":false,"reason":"lease_expired","state":"half_open","generation":3}"#)
        }
    }

    @Test("A repeated report with the same id gets the same answer, marked as a duplicate", arguments: [true, false])
    func duplicates(asBody: Bool) async throws {
        try await TestServer.with { server in
            func send() async throws -> String {
                let path = "/v1/breakers/a/report"
                let body = #"{"outcome":"failure","report_id":"r-1","kind":"timeout","unknown":[1]}"#
                return try await asBody
                    ? server.send(.POST, path, body).text : server.report("a", "outcome=failure&report_id=r-1&x=").text
            }
            #expect(try await send() == #"{"applied":true,"state":"closed","generation":1}"#)
            #expect(try await send() == #"{"applied":true,"state":"closed","generation":1,"duplicate":true}"#)
            let other = try await server.report("a", "outcome=success&report_id=r-1")
            other.expectProblem(.reportIDConflict, faults: ["report_id"])
            server.clock.advance(byMs: Receipt.lifetimeMs)
            #expect(try await send() == #"{"applied":true,"state":"closed","generation":1}"#)
        }
    }

    @Test("A repeated report gets the state and generation of its first answer, even after the breaker has tripped")
    func duplicateAfterTrip() async throws {
        try await TestServer.with { server in
            let first = try await server.report("a", "outcome=success&report_id=r-1")
            try await server.trip("a")
            let again = try await server.report("a", "outcome=success&report_id=r-1")
            #expect(first.text == #"{"applied":true,"state":"closed","generation":1}"#)
            #expect(again.text == #"{"applied":true,"state":"closed","generation":1,"duplicate":true}"#)
        }
    }

    @Test("A failure is dated at the end of its call by the report's age", arguments: ["query", "body", "batch"])
    func ages(way: String) async throws {
        try await TestServer.with { server in
            @discardableResult func report(ageMs: Int) async throws -> HTTPAnswer {
                let fields = #""outcome":"failure","age_ms":\#(ageMs)"#
                switch way {
                case "query": return try await server.report("a", "outcome=failure&age_ms=\(ageMs)")
                case "body": return try await server.send(.POST, "/v1/breakers/a/report", "{\(fields)}")
                default: return try await server.send(.POST, "/v1/reports", #"{"reports":[{"name":"a",\#(fields)}]}"#)
                }
            }
            _ = try await server.acquire("a")
            server.clock.advance(byMs: 30_000)
            try await report(ageMs: 30_000)
            try await report(ageMs: 0)
            let tooOld = try await report(ageMs: 30_001)
            #expect(tooOld.text.contains(#"{"applied":false,"reason":"too_old","state":"closed","generation":1}"#))
            let log = try await server.send(.GET, "/v1/breakers/a/failures").json["failures"]?.items ?? []
            #expect(log.map { $0["at"]?.text } == ["2026-01-01T00:00:30.000Z", "2026-01-01T00:00:00.000Z"])
            let breaker = try await server.send(.GET, "/v1/breakers/a").json
            #expect(breaker["last_failure"]?["at"] == "2026-01-01T00:00:30.000Z")
            #expect(breaker["counts"]?["consecutive_failures"] == .integer(1))
            #expect(breaker["counts"]?["failures"] == .integer(2))
        }
    }

    @Test(
        "A fraction in a report's duration is rounded to the nearest millisecond, and in its age it is dropped",
        arguments: [
            ("12.4", 12, 12), ("12.5", 13, 12), ("12.999", 13, 12), ("0.4", 0, 0), ("1e3", 1_000, 1_000),
            ("2.5e-1", 0, 0), ("1E1", 10, 10), ("-0.0", 0, 0),
        ] as [(String, Int64, Int64)],
        ["query", "escaped query", "body", "batch"]
    )
    func fractions(number: (text: String, durationMs: Int64, ageMs: Int64), way: String) async throws {
        try await TestServer.with { server in
            _ = try await server.acquire("a")
            server.clock.advance(byMs: 30_000)
            let query = "outcome=failure&duration_ms=\(number.text)&age_ms=\(number.text)"
            let fields = #""outcome":"failure","duration_ms":\#(number.text),"age_ms":\#(number.text)"#
            switch way {
            case "query": _ = try await server.report("a", query)
            case "escaped query": _ = try await server.report("%61", query)
            case "body": _ = try await server.send(.POST, "/v1/breakers/a/report", "{\(fields)}")
            default: _ = try await server.send(.POST, "/v1/reports", #"{"reports":[{"name":"a",\#(fields)}]}"#)
            }
            let failure = try await server.send(.GET, "/v1/breakers/a").json["last_failure"]
            #expect(failure?["duration_ms"] == .integer(number.durationMs))
            let ended = ManualClock.start.advanced(byMilliseconds: 30_000 - number.ageMs)
            #expect(failure?["at"] == .string(ended.timestamp))
        }
    }

    @Test("A report that carries a permit never creates a breaker")
    func permitOfUnknown() async throws {
        try await TestServer.with { server in
            let answer = try await server.report("a", "outcome=failure&permit=1")
            #expect(answer.text == #"{"applied":false,"reason":"stale_permit","state":"closed","generation":0}"#)
            try await server.send(.GET, "/v1/breakers/a").expectProblem(.unknownBreaker)
        }
    }
}
