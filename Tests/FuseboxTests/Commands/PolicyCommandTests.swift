import EngineSupport
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

        @Test("A policy that changes between read and write is left unchanged, and the others are applied")
        func conflict() async throws {
            let server = try await ServerProcess.start(database: folder.path("fusebox.db"))
            defer { server.child.kill() }
            for name in ["mail", "payments"] { try await server.wire.putPolicy(#"{"policy":{}}"#, of: name) }
            let file = try PolicyFile(
                text: "breakers:\n"
                    + ["mail", "payments", "search"].map { "  \($0): { policy: { failure_threshold: 8 } }\n" }.joined(),
                path: "policies.yaml"
            )
            let client = OperatorClient(address: ServerAddress(url: server.url))
            var plan = try await PolicyPlan(file, on: client) { _ in }
            try await server.wire.putPolicy(#"{"policy":{"success_threshold":2}}"#, of: "payments")
            try await server.wire.putPolicy(#"{"policy":{"success_threshold":2}}"#, of: "search")
            await plan.apply(on: client) { _ in }
            #expect(!plan.isComplete)
            #expect(plan.changes.map(\.outcome) == [.applied, .refused, .refused])
            let thresholds = try await server.wire.get("/v1/breakers").rows("breakers").map { row in
                (row["policy"] as? [String: Any])?["failure_threshold"] as? Int
            }
            #expect(thresholds == [8, 5, 5])
            let lines = plan.lines(on: .plain)
            #expect(lines.last == "1 changed, 0 created, 0 unchanged, 2 not done.")
            #expect(
                lines.count { $0 == "  refused: the policy changed meanwhile; apply again to see the difference" } == 2
            )
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
            #expect(Set(list.breakers.map(\.name)).count == 2_001)
            #expect(list.counts.total == 2_001)
        }

        @Test("A long apply shows its progress on a terminal, and removes it at the end")
        func progress() async throws {
            let server = try await ServerProcess.start(database: folder.path("fusebox.db"))
            defer { server.child.kill() }
            let names = (1...1_000).map { "payments:\($0)" }
            let file = "breakers:\n" + names.map { "  \"\($0)\": { preset: slow }\n" }.joined()
            let terminal = try Terminal()
            let child = try ChildProcess(
                .fusebox,
                ["apply", "-f", try write(file), "--url", server.url],
                errorTerminal: terminal
            )
            defer { child.kill() }
            var shown = ""
            try await eventually("it ends", within: 60) {
                shown += terminal.read()
                return !child.isRunning
            }
            shown += terminal.read()
            #expect(child.exitCode == 0)
            #expect(child.standardOutput.hasSuffix("0 changed, 1000 created, 0 unchanged.\n"))
            #expect(shown.contains("\r\u{1b}[Kcompared ") && shown.contains("\r\u{1b}[Kchanged "), "\(shown)")
            #expect(shown.hasSuffix(" of 1000…\r\u{1b}[K"), "\(shown)")
        }
    }
}
