import BreakerAPI
import BreakerCore
import BreakerEngine
import NIOHTTP1
import Testing

@testable import BreakerHTTP

@Suite("The policies of many breakers in one request")
struct PolicyPlanRouteTests {
    private static let file = """
        {"breakers":{"search":{"preset":"flaky"},"mail":{"policy":{}},\
        "payments":{"policy":{"failure_threshold":null,"failure_rate_threshold":0.5}}}}
        """

    /// The changes of ``file`` if `mail` has the default policy and `payments` the threshold 3.
    private static let changes = """
        "created":[{"name":"search","fields":[{"field":"recovery_timeout_ms","from":null,"to":30000}]}],\
        "changed":[{"name":"payments","fields":[{"field":"failure_threshold","from":3,"to":null},\
        {"field":"failure_rate_threshold","from":null,"to":0.5}]}],"unchanged":["mail"],"warnings":[]
        """

    private func setUp(_ server: TestServer) async throws {
        _ = try await server.acquire("mail")
        _ = try await server.send(.PUT, "/v1/breakers/payments", #"{"policy":{"failure_threshold":3}}"#)
    }

    /// The entity tags of the breakers' policies; `nil` if a breaker does not exist.
    private func tags(of names: [String], on server: TestServer) async throws -> [String?] {
        var tags: [String?] = []
        for name in names { tags.append(try await server.send(.GET, "/v1/breakers/\(name)")["etag"]) }
        return tags
    }

    @Test("A dry run answers the changes and makes none, and the same request without it makes these changes")
    func dryRun() async throws {
        try await TestServer.with { server in
            try await setUp(server)
            let dry = try await server.send(.POST, "/v1/policies?dry_run=true", Self.file)
            #expect(dry.status == 200)
            let plan = try #require(dry.json["plan"]?.text)
            #expect(dry.text == #"{"plan":"\#(plan)","applied":false,\#(Self.changes)}"#)
            #expect(try await tags(of: ["payments", "search"], on: server) == ["\"p2\"", nil])
            for query in ["?dry_run=false", ""] {
                let answer = try await server.send(.POST, "/v1/policies\(query)", Self.file)
                #expect(answer.json["applied"] == .bool(true))
                if !query.isEmpty {
                    #expect(answer.text == #"{"plan":"\#(plan)","applied":true,\#(Self.changes)}"#)
                } else {
                    #expect(answer.json["changed"] == .array([]) && answer.json["created"] == .array([]))
                    #expect(answer.json["unchanged"] == .array(["mail", "payments", "search"]))
                }
                let present = try await tags(of: ["mail", "payments", "search"], on: server)
                #expect(present == ["\"p1\"", "\"p3\"", "\"p4\""])
            }
            let payments = try await server.send(.GET, "/v1/breakers/payments")
            #expect(payments.json["policy"]?["failure_rate_threshold"] == .decimal(0.5))
            #expect(payments.json["policy_source"] == "api")
        }
    }

    @Test("The answer has the warnings of each breaker, unchanged ones included, and a PUT and a PATCH have their own")
    func warnings() async throws {
        try await TestServer.with { server in
            let body = #"{"breakers":{"a":{"policy":{"failure_rate_threshold":0.5}},"b":{"preset":"rate"}}}"#
            for query in ["?dry_run=true", "", ""] {
                let answer = try await server.send(.POST, "/v1/policies\(query)", body)
                #expect(answer.text.contains(#""warnings":[{"name":"a","warnings":[{"code":"shadowed_rule","#))
                #expect(!answer.text.contains(#"{"name":"b","warnings""#))
            }
            let put = try await server.send(.PUT, "/v1/breakers/c", #"{"policy":{"slow_call_ms":500}}"#)
            #expect(put.text.contains(#""warnings":[{"code":"unused_field","#))
            #expect(put.text.contains(#""fields":["slow_call_ms"]}]"#))
            let patch = try await server.send(.PATCH, "/v1/breakers/c", #"{"policy":{"slow_call_ms":null}}"#)
            #expect(patch.json["warnings"] == .array([]))
        }
    }

    @Test("The answer warns that an opening in progress keeps its end, and only if its duration is changed")
    func runningOpening() async throws {
        try await TestServer.with { server in
            for _ in 1...5 { _ = try await server.report("a", "outcome=failure") }
            let longer = #"{"breakers":{"a":{"preset":"slow"}}}"#
            let answer = try await server.send(.POST, "/v1/policies?dry_run=true", longer)
            #expect(answer.text.contains(#""code":"running_opening""#))
            #expect(answer.text.contains("fusebox reset a --to half_open"))
            let other = #"{"breakers":{"a":{"policy":{"success_threshold":2}}}}"#
            let applied = try await server.send(.POST, "/v1/policies", other)
            #expect(applied.json["warnings"] == .array([]))
        }
    }

    @Test("A plan is carried out only if the policies are those of the plan, and the problem names those that differ")
    func plan() async throws {
        try await TestServer.with { server in
            try await setUp(server)
            let first = try await server.send(.POST, "/v1/policies?dry_run=true", Self.file)
            let plan = try #require(first.json["plan"]?.text)
            _ = try await server.send(.PATCH, "/v1/breakers/payments", #"{"policy":{"success_threshold":2}}"#)
            _ = try await server.acquire("search")
            for query in ["plan=\(plan)", "dry_run=true&plan=\(plan)"] {
                let refused = try await server.send(.POST, "/v1/policies?\(query)", Self.file)
                refused.expectProblem(.preconditionFailed, faults: ["breakers.payments", "breakers.search"])
                #expect(try await tags(of: ["payments", "search"], on: server) == ["\"p3\"", "\"p4\""])
            }
            let second = try await server.send(.POST, "/v1/policies?dry_run=true", Self.file)
            let newPlan = try #require(second.json["plan"]?.text)
            let applied = try await server.send(.POST, "/v1/policies?plan=\(newPlan)", Self.file)
            #expect(applied.status == 200, "\(applied.text)")
            #expect(try await tags(of: ["payments", "search"], on: server) == ["\"p5\"", "\"p6\""])
        }
    }

    @Test(
        "An invalid request changes nothing, and the problem names the fields at fault of every breaker",
        arguments: [
            ("", ["body"]), ("[]", ["body"]), ("{}", ["breakers"]), (#"{"breakers":[]}"#, ["breakers"]),
            (#"{"breakers":{},"dry_run":true}"#, ["dry_run"]),
            (#"{"breakers":{"a":{"preset":"flaky"},"a":{"preset":"slow"}}}"#, ["body"]),
            (#"{"breakers":{"a":7}}"#, ["breakers.a"]),
            (#"{"breakers":{"a":{}}}"#, ["breakers.a.policy"]),
            (#"{"breakers":{"a":{"policy":[]}}}"#, ["breakers.a.policy"]),
            (#"{"breakers":{"a":{"preset":"Flaky"}}}"#, ["breakers.a.preset"]),
            (#"{"breakers":{"a":{"policies":{}}}}"#, ["breakers.a.policies"]),
            (#"{"breakers":{"-a":{"preset":"flaky"}}}"#, ["breakers.-a"]),
            (
                #"{"breakers":{"a":{"preset":"slow"},"b":{"policy":{"failure_threshold":0,"x":1}},"c":{"preset":7}}}"#,
                ["breakers.b.policy.failure_threshold", "breakers.b.policy.x", "breakers.c.preset"]
            ),
        ]
    )
    func invalid(body: String, fields: [String]) async throws {
        try await TestServer.with { server in
            let answer = try await server.send(.POST, "/v1/policies", body)
            answer.expectProblem(.invalidRequest, faults: fields)
            try await server.send(.GET, "/v1/breakers/a").expectProblem(.unknownBreaker)
        }
    }

    @Test("If only values of policies are invalid, the problem is invalid_policy and names each value")
    func invalidPolicies() async throws {
        try await TestServer.with { server in
            let body = #"{"breakers":{"a":{"policy":{"failure_threshold":0}},"b":{"policy":{"window_ms":1}}}}"#
            let answer = try await server.send(.POST, "/v1/policies?dry_run=true", body)
            answer.expectProblem(
                .invalidPolicy,
                faults: ["breakers.a.policy.failure_threshold", "breakers.b.policy.window_ms"]
            )
        }
    }

    @Test(
        "A problem names at most 1 000 faults, and only the first 20 in its text",
        arguments: [
            (20, 20, ""), (21, 21, "; and 1 more"), (1_000, 1_000, "; and 980 more"), (1_001, 1_000, "; and 980 more"),
        ]
    )
    func manyFaults(count: Int, named: Int, end: String) async throws {
        try await TestServer.with { server in
            let items = (1...count).map { #""b\#($0)":7"# }.joined(separator: ",")
            let answer = try await server.send(.POST, "/v1/policies", #"{"breakers":{\#(items)}}"#)
            answer.expectProblem(.invalidRequest, faults: (1...named).map { "breakers.b\($0)" })
            let detail = try #require(answer.json["detail"]?.text)
            #expect(detail.hasSuffix("breakers.b20 must be an object, not a number\(end)"), "\(detail)")
        }
    }

    @Test(
        "An unknown parameter, and a parameter with an invalid value, is refused",
        arguments: [
            ("dry_run=", "dry_run"), ("dry_run=1", "dry_run"), ("dryrun=true", "dryrun"), ("plan=", "plan"),
            ("plan=p7", "plan"), ("dry_run=true&dry_run=true", "dry_run"),
        ]
    )
    func parameters(query: String, field: String) async throws {
        try await TestServer.with { server in
            let body = #"{"breakers":{"a":{"preset":"flaky"}}}"#
            let answer = try await server.send(.POST, "/v1/policies?\(query)", body)
            answer.expectProblem(.invalidRequest, faults: [field])
            try await server.send(.GET, "/v1/breakers/a").expectProblem(.unknownBreaker)
        }
    }

    @Test("A token with a prefix sets only policies of its own breakers; one foreign name refuses the whole request")
    func prefix() async throws {
        let (token, secret) = Token.make(name: "t", role: .operator, prefix: "pay:")
        try await TestServer.with(tokens: [token]) { server in
            for query in ["", "?dry_run=true"] {
                let foreign = #"{"breakers":{"pay:a":{"preset":"flaky"},"ship:a":{"preset":"flaky"}}}"#
                let refused = try await server.send(.POST, "/v1/policies\(query)", foreign, secret: secret)
                refused.expectProblem(.forbidden)
                let ending = "begin with pay:, and ship:a is not among them"
                #expect(refused.json["detail"]?.text?.hasSuffix(ending) == true)
            }
            let missing = try await server.send(.GET, "/v1/breakers/pay:a", secret: secret)
            missing.expectProblem(.unknownBreaker)
            let own = #"{"breakers":{"pay:a":{"preset":"flaky"}}}"#
            #expect(try await server.send(.POST, "/v1/policies", own, secret: secret).status == 200)
            let audit = try await server.send(.GET, "/v1/audit", secret: secret)
            #expect(audit.json["audit"]?.items.map { $0["actor"]?.text } == ["t"])
        }
    }

    @Test("A request may have the policies of thousands of breakers, with every field of each")
    func many() async throws {
        try await TestServer.with { server in
            let fields = PolicyField.allCases.compactMap { field -> String? in
                switch field.range {
                case .integer(let range): field == .windowCalls ? nil : #""\#(field.rawValue)":\#(range.upperBound)"#
                case .rate: #""\#(field.rawValue)":0.123456"#
                case .factor(let range): #""\#(field.rawValue)":\#(range.upperBound)"#
                }
            }
            let policy = #"{"policy":{\#(fields.joined(separator: ","))}}"#
            let items = (1...2_000).map { #""service-\#($0)":\#(policy)"# }
            let body = #"{"breakers":{\#(items.joined(separator: ","))}}"#
            #expect(body.utf8.count > HTTPLimits.body)
            let answer = try await server.send(.POST, "/v1/policies", body)
            #expect(answer.status == 200)
            #expect(answer.json["created"]?.items.count == 2_000)
            #expect(try await server.send(.GET, "/v1/breakers").json["counts"]?["total"] == .integer(2_000))
        }
    }

    @Test(
        "A request may have the policies of 10 000 breakers, and one more is refused before any policy is read",
        arguments: [
            (HTTPLimits.policies, nil), (HTTPLimits.policies + 1, "must have at most 10000 members, not 10001"),
        ] as [(Int, String?)]
    )
    func bound(count: Int, detail: String?) throws {
        let policy = detail == nil ? #"{"preset":"flaky"}"# : "7"
        let items = (1...count).map { #""b\#($0)":\#(policy)"# }.joined(separator: ",")
        let body = Array(#"{"breakers":{\#(items)}}"#.utf8)
        if let detail {
            #expect(throws: Problem.invalid("breakers", detail)) { try PolicyBody.policies(body) }
        } else {
            #expect(try PolicyBody.policies(body).count == count)
        }
    }

    @Test("More breakers than max_breakers allows are refused with breaker_limit")
    func limit() async throws {
        var configuration = Engine.Configuration()
        configuration.maximumBreakers = 2
        try await TestServer.with(configuration: configuration) { server in
            let answer = try await server.send(.POST, "/v1/policies", Self.file)
            answer.expectProblem(.breakerLimit)
            #expect(try await server.send(.GET, "/v1/breakers").json["counts"]?["total"] == .integer(0))
        }
    }
}
