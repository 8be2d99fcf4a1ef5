import EngineSupport
import Foundation
import TestSupport
import Testing

extension ProcessTests {
    @Suite struct ConfiguredStartTests {
        private let folder: TemporaryFolder

        init() throws {
            folder = try TemporaryFolder()
        }

        private func start(_ configuration: String) async throws -> ServerProcess {
            let path = folder.path("fusebox.yaml")
            try Data(configuration.utf8).write(to: URL(fileURLWithPath: path))
            return try await ServerProcess.start(database: folder.path("fusebox.db"), options: ["--config", path])
        }

        private func policy(_ name: String, _ wire: Wire) async throws -> (threshold: Int?, source: String?) {
            let view = try await wire.get("/v1/breakers/\(name)")
            return (view.number("policy", "failure_threshold"), view.text("policy_source"))
        }

        @Test(
            "The configuration is applied at each start, except to a policy that the API has set",
            .timeLimit(.minutes(2))
        )
        func application() async throws {
            let first = try await start(
                """
                default: {policy: {failure_threshold: 2}}
                profiles:
                  "pay*": {policy: {failure_threshold: 3}}
                  "payments:*": {policy: {failure_threshold: 4}}
                breakers:
                  ledger: {policy: {failure_threshold: 5}}
                """
            )
            defer { first.child.kill() }
            // A configured breaker exists from the start, the others from their first acquire.
            #expect(
                try await first.wire.get("/v1/breakers").rows("breakers").map { $0["name"] as? String } == ["ledger"]
            )
            for name in ["payments:charge", "payroll", "search", "steered"] {
                #expect(try await first.wire.acquire(name).status == 200)
            }
            try await first.wire.putPolicy(#"{"policy":{"failure_threshold":9}}"#, of: "steered")
            #expect(try await policy("ledger", first.wire) == (5, "config"))
            #expect(try await policy("payments:charge", first.wire) == (4, "profile:payments:*"))
            #expect(try await policy("payroll", first.wire) == (3, "profile:pay*"))
            #expect(try await policy("search", first.wire) == (2, "default"))
            #expect(try await policy("steered", first.wire) == (9, "api"))
            try await first.stop()

            let second = try await start(
                """
                profiles: {"payments:*": {preset: rate}}
                breakers: {search: {policy: {failure_threshold: 7}}, steered: {preset: slow}}
                """
            )
            defer { second.child.kill() }
            // 5 is also the built-in default.
            #expect(try await policy("ledger", second.wire) == (5, "default"))
            #expect(try await policy("payments:charge", second.wire) == (nil, "profile:payments:*"))
            #expect(try await policy("payroll", second.wire) == (5, "default"))
            #expect(try await policy("search", second.wire) == (7, "config"))
            #expect(try await policy("steered", second.wire) == (9, "api"))
        }
    }
}
