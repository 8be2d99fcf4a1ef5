import BreakerCore
import EngineSupport
import Foundation
import TestSupport
import Testing

@testable import BreakerClient

extension ProcessTests {
    @Suite("Workers of a server whose disk syncs in 120 ms", .timeLimit(.minutes(3)))
    struct SlowDiskTests {
        private let folder: TemporaryFolder
        private let disk: SlowDisk

        init() throws {
            folder = try TemporaryFolder()
            disk = try SlowDisk(syncMs: 120)
        }

        /// Runs a worker that opens a breaker, and then makes calls until `isOver`.
        /// - Returns: the number of calls made after the breaker opened, the breaker's transitions, newest first, and
        ///   the client's statistics.
        private func work(
            recoveryMs: Int,
            isWell: Bool,
            until isOver: (_ transitions: [[String: Any]]) -> Bool
        ) async throws -> (calls: Int, transitions: [[String: Any]], statistics: Fusebox.Statistics) {
            let server = try await ServerProcess.start(
                database: folder.path("fusebox.db"),
                environment: disk.environment
            )
            defer { server.child.kill() }
            try await server.wire.putPolicy(#"{"policy":{"recovery_timeout_ms":\#(recoveryMs)}}"#, of: "payments")
            let fusebox = Fusebox(url: server.url)
            let payments = fusebox.breaker("payments")
            let run = Task { try await fusebox.run() }
            try await eventually("the breaker is known") { payments.knownState == .closed }
            for _ in 1...5 { _ = try? await payments.call { throw Down() } }
            try await eventually("it opens") { payments.knownState == .open }
            var (calls, transitions) = (0, [[String: Any]]())
            try await eventually("the breaker has recovered") {
                _ = try? await payments.call {
                    calls += 1
                    if !isWell { throw Down() }
                }
                transitions = try await server.wire.get("/v1/breakers/payments/transitions").rows("transitions")
                return isOver(transitions)
            }
            run.cancel()
            try await run.value
            return (calls, transitions, fusebox.statistics)
        }

        private struct Down: Error {}

        @Test(
            "Workers of a slow server close a breaker by a probe within one and a half times its recovery timeout"
        )
        func closes() async throws {
            let (calls, transitions, statistics) = try await work(recoveryMs: 6_000, isWell: true) { transitions in
                transitions.first?["to"] as? String == "closed"
            }
            let instants = transitions.compactMap { ($0["at"] as? String).flatMap { Instant(rfc3339: $0) } }
            let opened = try #require(instants.dropFirst(2).first)
            #expect(try #require(instants.first).milliseconds(until: opened) >= -9_000, "\(transitions)")
            #expect(calls >= 1 && !statistics.isAway)
        }

        @Test("Workers of a slow server make at most one call for each probe of a failed downstream")
        func probes() async throws {
            let (calls, transitions, statistics) = try await work(recoveryMs: 1_000, isWell: false) { transitions in
                transitions.count { $0["to"] as? String == "open" } == 4
            }
            // A busy machine may answer some probes too late.
            #expect(calls <= 6 && !statistics.isAway, "\(transitions)")
        }
    }
}
