import BreakerAPI
import Foundation
import NIOHTTP1
import TestSupport
import Testing

@testable import fusebox

extension ProcessTests {
    @Suite struct PolicyCommandTests {
        private let folder: TemporaryFolder

        init() throws {
            folder = try TemporaryFolder()
        }

        private func write(_ text: String) throws -> String {
            let path = folder.path("policies.yaml")
            try Data(text.utf8).write(to: URL(fileURLWithPath: path))
            return path
        }

        private func apply(_ text: String, on server: ServerProcess, _ options: String...) async throws -> CommandResult
        {
            try await Program.fusebox.run(["apply", "--url", server.url, "-f", try write(text)] + options)
        }

        /// The name, policy revision and policy source of every breaker.
        private func policies(on server: ServerProcess) async throws -> [String] {
            try await server.wire.get("/v1/breakers").rows("breakers").map { row in
                "\(row["name"] ?? "") \(row["policy_revision"] ?? "") \(row["policy_source"] ?? "")"
            }
        }

        @Test("An exported file changes nothing when it is applied", arguments: [[], ["--all"]])
        func roundTrip(options: [String]) async throws {
            let server = try await ServerProcess.start(database: folder.path("fusebox.db"))
            defer { server.child.kill() }
            try await server.wire.putPolicy(
                #"{"preset":"flaky","policy":{"failure_threshold":null,"failure_rate_threshold":0.25,"window_calls":40}}"#,
                of: "payments:eu"
            )
            try await server.wire.putPolicy(#"{"policy":{"recovery_timeout_ms":900000}}"#, of: "on")
            _ = try await server.wire.acquire("mail")
            let before = try await policies(on: server)
            let export = try await Program.fusebox.run(["export", "--url", server.url] + options)
            #expect(export.code == 0)
            #expect(export.output.contains("mail") == !options.isEmpty, "\(export.output)")
            let result = try await apply(export.output, on: server)
            #expect(result.code == 0, "\(result)")
            #expect(result.output == "Nothing to do: \(options.isEmpty ? 2 : 3) unchanged.\n", "\(export.output)")
            #expect(try await policies(on: server) == before)
        }

        @Test("A dry run prints the changes and makes none; an apply makes exactly these changes")
        func dryRun() async throws {
            let server = try await ServerProcess.start(database: folder.path("fusebox.db"))
            defer { server.child.kill() }
            try await server.wire.putPolicy(#"{"policy":{"failure_threshold":3}}"#, of: "payments")
            let before = try await policies(on: server)
            let file = """
                breakers:
                  payments: { policy: { failure_threshold: 8 } }
                  search: { preset: flaky }
                """
            let dry = try await apply(file, on: server, "--dry-run")
            #expect(dry.code == 0, "\(dry)")
            #expect(dry.output.contains("failure_threshold  3  →  8"), "\(dry.output)")
            #expect(dry.output.contains("search (to be created)"), "\(dry.output)")
            #expect(dry.output.hasSuffix("1 to change, 1 to create, 0 unchanged.\n"), "\(dry.output)")
            #expect(try await policies(on: server) == before)

            let applied = try await apply(file, on: server)
            #expect(applied.output.hasSuffix("1 changed, 1 created, 0 unchanged.\n"), "\(applied.output)")
            let names = try await server.wire.get("/v1/breakers").rows("breakers").map { $0["name"] as? String }
            #expect(names == ["payments", "search"])
            #expect(try await server.wire.get("/v1/breakers/payments").number("policy", "failure_threshold") == 8)
            #expect(try await server.wire.get("/v1/breakers/search").number("policy", "recovery_timeout_ms") == 30_000)
        }

        @Test("A file with a mistake is reported with its line, and none of it is applied")
        func mistake() async throws {
            let server = try await ServerProcess.start(database: folder.path("fusebox.db"))
            defer { server.child.kill() }
            let file = """
                breakers:
                  payments: { policy: { failure_threshold: 8 } }
                  search: { policy: { failure_threshold: 0 } }
                """
            let result = try await apply(file, on: server)
            #expect(result.code == 1)
            #expect(result.errors.contains("policies.yaml:3: "), "\(result.errors)")
            #expect(result.errors.contains("failure_threshold"), "\(result.errors)")
            #expect(try await policies(on: server).isEmpty)
        }

        @Test("With the hash of a dry run, an apply changes nothing if a policy differs, and names the breaker")
        func plan() async throws {
            let server = try await ServerProcess.start(database: folder.path("fusebox.db"))
            defer { server.child.kill() }
            for name in ["mail", "payments"] { try await server.wire.putPolicy(#"{"policy":{}}"#, of: name) }
            let names = ["mail", "payments", "search"]
            let file = "breakers:\n" + names.map { "  \($0): { policy: { failure_threshold: 8 } }\n" }.joined()
            let dry = try await apply(file, on: server, "--dry-run")
            let plan = try #require(dry.errors.firstMatch(of: /plan: --plan (\S+)/)?.output.1)
            try await server.wire.putPolicy(#"{"policy":{"success_threshold":2}}"#, of: "payments")
            let before = try await policies(on: server)
            let refused = try await apply(file, on: server, "--plan", String(plan))
            #expect(refused.code == 1)
            #expect(refused.output.isEmpty)
            #expect(refused.errors.contains("breakers.payments was changed after the plan"), "\(refused.errors)")
            #expect(!refused.errors.contains("mail") && !refused.errors.contains("search"), "\(refused.errors)")
            #expect(try await policies(on: server) == before)

            let again = try await apply(file, on: server, "--dry-run")
            let newPlan = try #require(again.errors.firstMatch(of: /plan: --plan (\S+)/)?.output.1)
            let applied = try await apply(file, on: server, "--plan", String(newPlan))
            #expect(applied.code == 0, "\(applied)")
            #expect(applied.output.hasSuffix("2 changed, 1 created, 0 unchanged.\n"), "\(applied.output)")
        }

        @Test("With --json, the command prints the server's answer, or its problem document")
        func json() async throws {
            let server = try await ServerProcess.start(database: folder.path("fusebox.db"))
            defer { server.child.kill() }
            let file = "breakers: { search: { preset: flaky } }\n"
            let dry = try await apply(file, on: server, "--dry-run", "--json")
            let answer = try JSONDecoder().decode(PolicyPlanDocument.self, from: Data(dry.output.utf8))
            #expect(!answer.applied)
            let field = PolicyPlanDocument.Field(field: "recovery_timeout_ms", from: nil, to: 30_000)
            #expect(answer.created == [PolicyPlanDocument.Change(name: "search", fields: [field])])
            try await server.wire.putPolicy(#"{"policy":{}}"#, of: "search")
            let refused = try await apply(file, on: server, "--plan", answer.plan, "--json")
            #expect(refused.code == 1)
            let problem = try JSONDecoder().decode(ProblemDocument.self, from: Data(refused.errors.utf8))
            #expect(problem.code == "precondition_failed")
            #expect(problem.errors?.map(\.field) == ["breakers.search"])
        }

        @Test("A list that is read in pages reports its progress after each page")
        func pages() async throws {
            let server = try await ServerProcess.start(database: folder.path("fusebox.db"))
            defer { server.child.kill() }
            let items = (1...2_001).map { #"{"name":"payments:\#($0)","outcome":"success"}"# }
            let reports = #"{"reports":[\#(items.joined(separator: ","))]}"#
            #expect(try await server.wire.send(.POST, "/v1/reports", reports).number("accepted") == 2_001)
            let client = OperatorClient(address: ServerAddress(url: server.url))
            var counts: [Int] = []
            let document = try await client.list("/v1/breakers", key: "breakers") { counts.append($0) }
            #expect(counts == [1_000, 2_000, 2_001])
            let list = try OperatorClient.Reply(body: document).decoded(as: BreakerListDocument.self)
            #expect(Set(list.breakers.map(\.breaker.name)).count == 2_001)
            #expect(list.counts?.total == 2_001)
        }

        @Test("A file with more breakers than fit into an ordinary request is applied")
        func manyBreakers() async throws {
            let server = try await ServerProcess.start(database: folder.path("fusebox.db"))
            defer { server.child.kill() }
            let names = (1...2_000).map { "payments:\($0)" }
            let file = "breakers:\n" + names.map { "  \"\($0)\": { preset: slow }\n" }.joined()
            let result = try await apply(file, on: server)
            #expect(result.code == 0, "\(result.errors)")
            #expect(result.output.hasSuffix("0 changed, 2000 created, 0 unchanged.\n"))
            let again = try await apply(file, on: server)
            #expect(again.output == "Nothing to do: 2000 unchanged.\n")
        }
    }
}

@Suite("The changes that apply prints")
struct PolicyPlanListingTests {
    private func plan(applied: Bool) -> PolicyPlanDocument {
        PolicyPlanDocument(
            plan: "7-00",
            applied: applied,
            created: [.init(name: "mail", fields: []), .init(name: "search", fields: [])],
            changed: [
                .init(
                    name: "payments",
                    fields: [
                        .init(field: "failure_threshold", from: 3, to: nil),
                        .init(field: "of_a_later_version", from: nil, to: 0.5),
                    ]
                )
            ],
            unchanged: ["orders"]
        )
    }

    @Test(
        "The breakers are in the order of the file, and unchanged ones are only counted",
        arguments: [
            (false, "to be created", "1 to change, 2 to create, 1 unchanged."),
            (true, "created", "1 changed, 2 created, 1 unchanged."),
        ]
    )
    func order(applied: Bool, created: String, summary: String) {
        let names = ["search", "payments", "orders", "mail"]
        let lines = PolicyPlanListing.lines(plan(applied: applied), in: names, on: .plain)
        let headings = lines.filter { !$0.hasPrefix(" ") }
        #expect(headings == ["search (\(created))", "payments", "mail (\(created))", summary])
        let fields = lines.filter { $0.hasPrefix(" ") }.map { $0.split(separator: " ") }
        #expect(fields == [["failure_threshold", "3", "→", "off"], ["of_a_later_version", "off", "→", "0.5"]])
    }

    @Test("If no breaker differs, the only line says so")
    func nothing() {
        let plan = PolicyPlanDocument(plan: "7-00", applied: true, created: [], changed: [], unchanged: ["a", "b"])
        #expect(PolicyPlanListing.lines(plan, in: ["a", "b"], on: .plain) == ["Nothing to do: 2 unchanged."])
    }
}
