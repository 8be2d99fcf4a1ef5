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

        /// Runs a worker that opens a breaker, and makes calls until `isOver`.
        /// - Returns: how many calls were made after the breaker had opened, and the breaker's transitions, the newest first.
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
            try await eventually("the story is over") {
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
            "close a breaker again within one and a half times its recovery timeout, by a probe that the server grants"
        )
        func closes() async throws {
            let (calls, transitions, statistics) = try await work(recoveryMs: 6_000, isWell: true) { transitions in
                transitions.first?["to"] as? String == "closed"
            }
            let instants = transitions.compactMap { ($0["at"] as? String).flatMap { Instant(timestamp: $0) } }
            let opened = try #require(instants.dropFirst(2).first)
            #expect(try #require(instants.first).milliseconds(until: opened) >= -9_000, "\(transitions)")
            #expect(calls >= 1 && !statistics.isAway)
        }

        @Test("make one call for each probe of a downstream that is down")
        func probes() async throws {
            let (calls, transitions, statistics) = try await work(recoveryMs: 1_000, isWell: false) { transitions in
                transitions.count { $0["to"] as? String == "open" } == 4
            }
            // A machine that is busy may answer some of them too late.
            #expect(calls <= 6 && !statistics.isAway, "\(transitions)")
        }
    }
}
