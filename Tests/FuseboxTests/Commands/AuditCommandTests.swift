import EngineSupport
import Foundation
import NIOHTTP1
import TestSupport
import Testing

extension ProcessTests {
    @Suite struct AuditCommandTests {
        private let folder: TemporaryFolder

        init() throws {
            folder = try TemporaryFolder()
        }

        /// Starts a server with one order of each kind.
        private func startServer() async throws -> ServerProcess {
            let server = try await ServerProcess.start(database: folder.path("fusebox.db"))
            let path = "/v1/breakers/payments"
            try await server.wire.putPolicy(#"{"policy":{"failure_threshold":2}}"#, of: "payments")
            _ = try await server.wire.send(.PATCH, path, #"{"policy":{"failure_threshold":3}}"#)
            let order = #"{"mode":"force_open","reason":"maintenance","expires_in_ms":1800000}"#
            _ = try await server.wire.send(.PUT, path + "/override", order)
            _ = try await server.wire.send(.DELETE, path + "/override")
            _ = try await server.wire.send(.POST, path + "/reset")
            _ = try await server.wire.send(.DELETE, path)
            return server
        }

        private func audit(_ options: String..., on server: ServerProcess) async throws -> CommandResult {
            try await Program.fusebox.run(["audit", "--url", server.url] + options)
        }

        @Test("The audit command lists each entry with the changed values, newest first")
        func differences() async throws {
            let server = try await startServer()
            defer { server.child.kill() }
            let result = try await audit(on: server)
            #expect(result.code == 0, "\(result)")
            let expected = [
                ["CHANGE"],
                ["  delete  ", "payments  -state closed; -failure_threshold 3"],
                ["  reset  ", "payments  state half_open → closed"],
                ["  override_cleared  ", "payments  -override force_open for 30m by anonymous: maintenance"],
                ["  override_set  ", "payments  +override force_open for 30m by anonymous: maintenance"],
                ["  policy  ", "payments  failure_threshold 2 → 3"],
                ["  policy  ", "payments  created; +failure_threshold 2"],
            ]
            let lines = result.output.split(separator: "\n")
            #expect(lines.count == expected.count, "\(result.output)")
            for (line, parts) in zip(lines, expected) {
                #expect(line.contains(parts[0]) && line.hasSuffix(parts.last ?? ""), "\(line)")
            }
        }

        @Test("A limit shortens the list of entries, and the command says that there are more")
        func limit() async throws {
            let server = try await startServer()
            defer { server.child.kill() }
            let some = try await audit("--limit", "2", on: server)
            #expect(some.output.split(separator: "\n").count == 3, "\(some.output)")
            #expect(some.errors == "There are older entries; --limit 20 shows more.\n")
            let last = try await audit("--action", "policy", "--limit", "2", on: server)
            #expect(last.output.split(separator: "\n").count == 3, "\(last.output)")
            #expect(last.errors == "")
            let none = try await audit("--from", "2h", "--to", "1h", on: server)
            #expect(none.output == "")
            #expect(none.errors == "No entries match.\n")
        }

        @Test(
            "With --json the audit command prints one line for each entry, as the server exports it",
            arguments: [nil, 2]
        )
        func lines(limit: Int?) async throws {
            let server = try await startServer()
            defer { server.child.kill() }
            let options = limit.map { ["--limit", "\($0)"] } ?? []
            let result = try await Program.fusebox.run(["audit", "--json", "--url", server.url] + options)
            #expect(result.code == 0, "\(result)")
            let actions = result.output.split(separator: "\n").map { line in
                (try? JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])?["action"] as? String
            }
            let all = ["delete", "reset", "override_cleared", "override_set", "policy", "policy"]
            #expect(actions == Array(all.prefix(limit ?? all.count)))
        }

        @Test(
            "An invalid period or limit of the audit command is a usage error",
            arguments: [
                (["--from", "yesterday"], "yesterday is not a time"),
                (["--from", "1h", "--to", "2h"], "--from must be before --to"),
                (["--limit", "0"], "--limit must be at least 1"),
            ]
        )
        func usage(options: [String], complaint: String) async throws {
            let result = try await Program.fusebox.run(["audit", "--url", "http://127.0.0.1:1"] + options)
            #expect(result.code == 64)
            #expect(result.errors.contains(complaint), "\(result.errors)")
        }
    }
}
