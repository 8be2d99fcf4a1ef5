import EngineSupport
import Foundation
import NIOConcurrencyHelpers
import TestSupport
import Testing

@testable import BreakerClient

extension ProcessTests {
    @Suite("Workers in Swift", .timeLimit(.minutes(3)))
    struct SwiftWorkerTests {
        private let folder: TemporaryFolder
        private var database: String { folder.path("fusebox.db") }

        init() throws {
            folder = try TemporaryFolder()
        }

        @Test("Swift workers continue across kills of the server, and no outcome is lost or counted twice")
        func restarts() async throws {
            var server = try await ServerProcess.start(database: database)
            defer { server.child.kill() }
            let address = String(server.url.dropFirst("http://".count))
            // The policy has no rule, and a window that holds every call of this test.
            try await server.wire.putPolicy(
                #"{"policy":{"failure_threshold":null,"window_ms":3600000}}"#,
                of: "payments"
            )
            // The outbox has room for the calls of a fast machine while the server is away.
            var configuration = Fusebox.Configuration()
            configuration.waitingOutcomes = 10_000_000
            let fusebox = Fusebox(url: server.url, configuration: configuration)
            let payments = fusebox.breaker("payments")
            let run = Task { try await fusebox.run() }
            try await eventually("the policy is known") {
                payments.entry.state.withLockedValue { $0.policyRevision != nil }
            }
            let load = Load(payments)
            let working = (1...4).map { _ in Task { try await load.run() } }
            for _ in 1...3 {
                let made = load.made
                try await eventually("calls are made") { load.made > made + 500 }
                server.child.kill()
                try await server.child.waitUntilEnd()
                let alone = load.made
                try await eventually("calls are made without a server") { load.made > alone + 500 }
                server = try await ServerProcess.start(database: database, listen: address)
            }
            load.end()
            for working in working { try await working.value }
            try await eventually("all outcomes are sent") { fusebox.statistics.waitingOutcomes == 0 }
            run.cancel()
            try await run.value
            let breaker = try await server.wire.get("/v1/breakers/payments")
            #expect(breaker.number("counts", "calls") == load.made, "\(breaker)")
            #expect(breaker.number("counts", "failures") == load.failed, "\(breaker)")
            #expect(load.made > 3_000 && load.failed > 100)
            #expect(fusebox.statistics.droppedOutcomes == 0 && fusebox.statistics.refusedOutcomes == 0)
        }

        @Test("A probe in flight when the server is killed still decides after the restart")
        func probe() async throws {
            var server = try await ServerProcess.start(database: database)
            defer { server.child.kill() }
            let address = String(server.url.dropFirst("http://".count))
            try await server.wire.putPolicy(#"{"policy":{"recovery_timeout_ms":100}}"#, of: "payments")
            var configuration = Fusebox.Configuration()
            configuration.patience = .seconds(30)
            let fusebox = Fusebox(url: server.url, configuration: configuration)
            let payments = fusebox.breaker("payments")
            let run = Task { try await fusebox.run() }
            for _ in 1...5 { _ = try await server.wire.fail("payments") }
            let probe = try await anyProbe(of: payments)
            server.child.kill()
            try await server.child.waitUntilEnd()
            await payments.report(.success, under: probe, took: .milliseconds(1))
            server = try await ServerProcess.start(database: database, listen: address)
            try await eventually("the probe has closed the breaker") {
                try await server.wire.get("/v1/breakers/payments").text("state") == "closed"
            }
            run.cancel()
            try await run.value
            let breaker = try await server.wire.get("/v1/breakers/payments")
            #expect(breaker.number("probes", "lost") == 0, "\(breaker)")
        }

        /// Acquires until a probe is granted.
        private func anyProbe(of breaker: SharedBreaker) async throws -> CallDecision {
            var probe: CallDecision?
            try await eventually("a probe is granted") {
                let decision = try await breaker.acquire()
                if decision.isProbe { probe = decision }
                return probe != nil
            }
            guard let probe else { throw NeverHappened(description: "a probe") }
            return probe
        }

        @Test("The example worker processes all orders, and stops calling a provider that is down")
        func example() async throws {
            let server = try await ServerProcess.start(database: database)
            defer { server.child.kill() }
            let result = try await Program.swiftWorker.run(server.url, "http://127.0.0.1:1/charges", "5000")
            #expect(result.code == 0, "\(result.errors)")
            let lines = result.output.split(separator: "\n")
            #expect(lines.count == 5_000 && lines.prefix(5).allSatisfy { $0.hasSuffix(": failed") })
            #expect(lines.last?.contains("to be charged later, payments is open; retry in") == true)
            let breaker = try await server.wire.get("/v1/breakers/payments")
            #expect(breaker.text("state") == "open")
            #expect((breaker.object["last_failure"] as? [String: Any])?["kind"] as? String == "connection")
        }

        @Test(
            "The example worker accepts any number of orders, and prints its usage for an invalid number",
            arguments: [("0", Int32(0)), ("-1", 64), ("many", 64), ("9223372036854775808", 64)]
        )
        func exampleArguments(orders: String, code: Int32) async throws {
            let nowhere = "http://127.0.0.1:1"
            let result = try await Program.swiftWorker.run(nowhere, nowhere, orders)
            #expect(result.code == code, "\(result.errors)")
            #expect(result.output == (code == 0 ? "" : "swift-worker FUSEBOX PROVIDER ORDERS\n"))
        }
    }
}

/// Makes calls, of which one in ten fails, until the load ends.
private final class Load: Sendable {
    private let breaker: SharedBreaker
    private let state = NIOLockedValueBox((made: 0, failed: 0, isOver: false))

    init(_ breaker: SharedBreaker) {
        self.breaker = breaker
    }

    var made: Int { state.withLockedValue { $0.made } }
    var failed: Int { state.withLockedValue { $0.failed } }

    func end() { state.withLockedValue { $0.isOver = true } }

    /// - Throws: an error of a call that the load did not cause itself.
    func run() async throws {
        while !state.withLockedValue({ $0.isOver }) {
            let isFailure = Int.random(in: 0..<10) == 0
            do {
                try await breaker.call {
                    await Task.yield()
                    if isFailure { throw Failed() }
                }
            } catch is Failed {}
            state.withLockedValue { state in
                state.made += 1
                state.failed += isFailure ? 1 : 0
            }
        }
    }

    private struct Failed: Error {}
}
