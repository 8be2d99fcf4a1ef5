import BreakerAPI
import EngineSupport
import NIOHTTP1
import Testing

@testable import BreakerHTTP

@Suite("The failures and transitions of a breaker, newest first")
struct LogTests {
    @Test("A failure is listed with every field of its report, including nulls")
    func failures() async throws {
        try await TestServer.with { server in
            _ = try await server.report("a", "outcome=failure")
            server.clock.advance(byMs: 1_500)
            _ = try await server.report(
                "a",
                "outcome=failure&kind=timeout&detail=no+answer&reporter=checkout-7&duration_ms=30000"
            )
            _ = try await server.report("a", "outcome=success")
            let answer = try await server.send(.GET, "/v1/breakers/a/failures")
            #expect(
                answer.text == #"""
                    {"failures":[\#
                    {"kind":"timeout","detail":"no answer","reporter":"checkout-7","duration_ms":30000,"count":1,\#
                    "at":"2026-01-01T00:00:01.500Z"},\#
                    {"kind":null,"detail":null,"reporter":null,"duration_ms":null,"count":1,\#
                    "at":"2026-01-01T00:00:00.000Z"}],"next_page_token":""}
                    """#
            )
        }
    }

    @Test(
        "The text of a report is returned exactly as it was sent",
        arguments: [
            #"a\u0000b"#, #"\"\\\/"#, #"\ud83d\ude00"#, #"\u202e\u2028"#, #"é\n\r\t"#, "<script>",
            "'); DROP TABLE failures; --",
        ]
    )
    func texts(detail: String) async throws {
        try await TestServer.with { server in
            let body = #"{"outcome":"failure","detail":"\#(detail)","kind":"\#(detail)"}"#
            _ = try await server.send(.POST, "/v1/breakers/a/report", body)
            let said = try JSONParser.parse(Array("\"\(detail)\"".utf8))
            let failure = try await server.send(.GET, "/v1/breakers/a/failures").json["failures"]?.items.first
            #expect(failure?["detail"] == said)
            #expect(failure?["kind"] == said)
            #expect(try await server.send(.GET, "/v1/breakers/a").json["last_failure"] == failure)
        }
    }

    @Test("A transition is listed with its cause, and in the list of all breakers also with its name")
    func transitions() async throws {
        try await TestServer.with { server in
            try await server.trip("a")
            _ = try await server.acquire("b")
            server.clock.advance(byMs: 250)
            _ = try await server.send(.POST, "/v1/breakers/a/reset")
            _ = try await server.send(.POST, "/v1/breakers/b/reset?to=half_open")
            let trip =
                #"""
                "revision":2,"from":"closed","to":"open","cause":"failure_threshold",\#
                "detail":"5 consecutive failures; the last: timeout from checkout-7","actor":null,\#
                "at":"2026-01-01T00:00:00.000Z"}
                """#
            let reset =
                #"""
                "revision":4,"from":"open","to":"closed","cause":"reset","detail":"reset to closed by anonymous",\#
                "actor":"anonymous","at":"2026-01-01T00:00:00.250Z"}
                """#
            let other =
                #"""
                "revision":5,"from":"closed","to":"half_open","cause":"reset",\#
                "detail":"reset to half open by anonymous","actor":"anonymous","at":"2026-01-01T00:00:00.250Z"}
                """#
            let one = try await server.send(.GET, "/v1/breakers/a/transitions")
            #expect(one.text == "{\"transitions\":[{\(reset),{\(trip)],\"next_page_token\":\"\"}")
            let all = try await server.send(.GET, "/v1/transitions")
            let rows = ["{\"name\":\"b\",\(other)", "{\"name\":\"a\",\(reset)", "{\"name\":\"a\",\(trip)"]
            #expect(all.text == "{\"transitions\":[\(rows.joined(separator: ","))],\"next_page_token\":\"\"}")
        }
    }

    @Test("Pages of failures and transitions hold each row once, newest first", arguments: [1, 3, 9, 10, 11, 1_000])
    func walk(pageSize: Int) async throws {
        try await TestServer.with { server in
            for number in 1...10 {
                _ = try await server.report("a", "outcome=failure&kind=k\(number)")
                _ = try await server.send(.POST, "/v1/breakers/a/reset")
            }
            for (path, list, member) in [
                ("/v1/breakers/a/failures", "failures", "kind"),
                ("/v1/breakers/a/transitions", "transitions", "revision"),
                ("/v1/transitions", "transitions", "revision"),
            ] {
                var (rows, token, pages): ([JSON], String, Int) = ([], "", 0)
                repeat {
                    let answer = try await server.send(.GET, "\(path)?page_size=\(pageSize)&page_token=\(token)")
                    rows += answer.json[list]?.items ?? []
                    token = answer.nextPageToken
                    pages += 1
                } while token != "" && pages < 20
                let newestFirst: [JSON] = (1...10).reversed().map { number in
                    member == "kind" ? .string("k\(number)") : .integer(Int64(number) + 1)
                }
                #expect(rows.map { $0[member] ?? .null } == newestFirst, "\(path)")
                #expect(pages == (10 + pageSize - 1) / pageSize)
            }
        }
    }

    @Test("A page token is valid only for the list that issued it")
    func tokens() async throws {
        try await TestServer.with { server in
            for name in ["a", "b"] {
                for _ in 1...2 {
                    _ = try await server.report(name, "outcome=failure")
                    _ = try await server.send(.POST, "/v1/breakers/\(name)/reset")
                }
            }
            let paths = [
                "/v1/breakers/a/failures", "/v1/breakers/b/failures", "/v1/breakers/a/transitions", "/v1/transitions",
            ]
            for own in paths {
                let token = try await server.send(.GET, "\(own)?page_size=1").nextPageToken
                for path in paths {
                    let answer = try await server.send(.GET, "\(path)?page_token=\(token)")
                    #expect(answer.status == (path == own ? 200 : 400), "\(own) at \(path)")
                }
            }
            // The filters are right, but the last part of the token is not a number.
            let bad = try await server.send(.GET, "/v1/breakers/a/failures?page_token=6661696c75726573-61-78")
            bad.expectProblem(.invalidRequest, faults: ["page_token"])
        }
    }

    @Test("A token sees only the transitions of the names under its prefix")
    func prefix() async throws {
        let (all, allSecret) = Token.make(name: "all", role: .operator, prefix: "")
        let (some, someSecret) = Token.make(name: "some", role: .viewer, prefix: "pay:")
        try await TestServer.with(tokens: [all, some]) { server in
            for name in ["pay:a", "pay", "ship", "pay:b"] {
                _ = try await server.send(.POST, "/v1/breakers/\(name)/acquire", secret: allSecret)
                _ = try await server.send(.POST, "/v1/breakers/\(name)/reset", secret: allSecret)
            }
            let answer = try await server.send(.GET, "/v1/transitions?page_size=1", secret: someSecret)
            #expect(answer.json["transitions"]?.items.map { $0["name"] } == ["pay:b"])
            let next = try await server.send(
                .GET,
                "/v1/transitions?page_token=\(answer.nextPageToken)",
                secret: someSecret
            )
            #expect(next.json["transitions"]?.items.map { $0["name"] } == ["pay:a"])
        }
    }
}
