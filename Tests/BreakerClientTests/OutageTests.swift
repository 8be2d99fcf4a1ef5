import BreakerCore
import BreakerEngine
import EngineSupport
import NIOConcurrencyHelpers
import TestSupport
import Testing

@testable import BreakerClient

@Suite("An outage of the server", .timeLimit(.minutes(2)))
struct OutageTests {
    /// Makes a worker whose stream has begun and has then broken off, because the server is gone.
    private static func left(
        by folder: TemporaryFolder,
        _ clock: ManualClock,
        policy: Policy = Policy(),
        _ configure: @Sendable (inout Fusebox.Configuration) -> Void = { _ in }
    ) async throws -> (worker: Worker, run: Task<Void, any Error>, port: Int) {
        let (worker, run, port) = try await LiveServer.with(folder: folder, clock: clock) { server in
            _ = try await server.engine.putPolicy(policy, of: BreakerName("payments")!, actor: "alice")
            let worker = Worker(url: server.url, configure)
            let payments = worker.fusebox.breaker("payments")
            let run = Task { try await worker.fusebox.run() }
            try await worker.untilKnown(payments, is: .closed)
            try await eventually("the policy is known") { payments.entry.state.withLockedValue { $0.isPolicyKnown } }
            return (worker, run, server.port)
        }
        try await eventually("the stream broke off") { !worker.fusebox.statistics.isConnected }
        return (worker, run, port)
    }

    private static let countRule: Policy = {
        var policy = Policy()
        policy.failureThreshold = nil
        policy.failureCountThreshold = 5
        policy.window = .time(ms: 2_000)
        return policy
    }()

    @Test(
        "Failures during an outage open no breaker after it, and are logged at the times of their calls",
        arguments: [Policy(), countRule]
    )
    func isOver(policy: Policy) async throws {
        let (folder, clock) = (try TemporaryFolder(), ManualClock())
        let (worker, run, port) = try await Self.left(by: folder, clock, policy: policy) { $0.unreachable = .allow }
        let payments = worker.fusebox.breaker("payments")
        @Sendable func pass(_ milliseconds: Int64) {
            worker.clock.advance(by: .milliseconds(milliseconds))
        }
        for _ in 1...8 {
            await #expect(throws: Trouble.timeout) { try await payments.call { throw Trouble.timeout } }
            pass(1_500)
        }
        let lastFailure = clock.now().advanced(byMilliseconds: -1_500)
        for _ in 1...20 {
            pass(2_000)
            try await payments.call {}
        }
        try await LiveServer.with(folder: folder, clock: clock, port: port) { server in
            try await worker.untilSent()
            let breaker = try await server.breaker("payments")
            #expect(breaker.state == .closed)
            // The log has the failures that the window still holds.
            guard policy == Policy() else { return }
            let failures = try await server.engine.failures(of: BreakerName("payments")!, before: nil, limit: 100)
            #expect(failures.count == 8)
            // While a request is in flight, one of the clocks may be ahead by the time that has passed.
            for (number, failure) in failures.enumerated() {
                let ended = lastFailure.advanced(byMilliseconds: -1_500 * Int64(number))
                #expect(abs(failure.at.milliseconds(until: ended)) <= 200, "\(number)")
            }
        }
        run.cancel()
        try await run.value
        #expect(worker.fusebox.statistics.sentOutcomes == 28)
    }

    @Test(
        "After the stream breaks off, the process's own breaker also counts, including calls already in flight",
        arguments: [Fusebox.Unreachable.local, .deny]
    )
    func together(unreachable: Fusebox.Unreachable) async throws {
        let (folder, clock) = (try TemporaryFolder(), ManualClock())
        let (worker, run, _) = try await Self.left(by: folder, clock) { $0.unreachable = unreachable }
        let payments = worker.fusebox.breaker("payments")
        let underWay = try await payments.acquire()
        #expect(underWay.source == .local)
        await payments.report(.failure(), under: underWay, took: .zero)
        for _ in 1...4 {
            await #expect(throws: Trouble.timeout) {
                try await payments.call { decision in
                    #expect(decision.source == .local)
                    throw Trouble.timeout
                }
            }
        }
        let denial = await #expect(throws: BreakerOpen.self) { try await payments.call {} }
        #expect(denial?.source == .fallback)
        worker.clock.advance(by: .milliseconds(Policy().recoveryTimeoutMs - 1))
        await #expect(throws: BreakerOpen.self) { try await payments.call {} }
        worker.clock.advance(by: .seconds(600))
        // The panel is stale.
        if unreachable == .deny {
            await #expect(throws: BreakerOpen.self) { try await payments.call {} }
        } else {
            try await payments.call { decision in
                #expect(decision.source == .fallback && decision.state == .halfOpen)
                let other = try await Task.detached { try await payments.acquire() }.value
                #expect(!other.isAllowed)
            }
        }
        run.cancel()
        worker.clock.advance(by: .seconds(2))
        try await run.value
    }

    @Test("A call that the panel denies is denied, even if the process's own breaker would allow it")
    func panelDenies() async throws {
        let (folder, clock) = (try TemporaryFolder(), ManualClock())
        let (worker, run) = try await LiveServer.with(folder: folder, clock: clock) { server in
            try await server.trip("payments")
            let worker = Worker(url: server.url)
            let run = Task { try await worker.fusebox.run() }
            try await worker.untilKnown(worker.fusebox.breaker("payments"), is: .open)
            return (worker, run)
        }
        try await eventually("the stream broke off") { !worker.fusebox.statistics.isConnected }
        let denial = await #expect(throws: BreakerOpen.self) { try await worker.fusebox.breaker("payments").call {} }
        #expect(denial?.source == .local)
        run.cancel()
        try await run.value
    }

    @Test("A client that follows another database learns its whole state, even with lower revisions")
    func otherDatabase() async throws {
        let clock = ManualClock()
        let (worker, run, port) = try await LiveServer.with(clock: clock) { server in
            for name in ["a", "b", "c", "payments", "d", "e"] { try await server.report(.success, to: name) }
            let worker = Worker(url: server.url)
            let run = Task { try await worker.fusebox.run() }
            try await worker.untilKnown(worker.fusebox.breaker("payments"), is: .closed)
            return (worker, run, server.port)
        }
        try await LiveServer.with(clock: clock, port: port) { server in
            try await server.report(.success, to: "payments")
            try await server.putOverride(.forceOpen, on: "payments")
            // These are more changes than the worker has received before.
            for name in 1...10 { try await server.report(.success, to: "other-\(name)") }
            try await eventually("the stream is connected") {
                worker.clock.advance(by: .milliseconds(100))
                return worker.fusebox.statistics.isConnected
            }
            let payments = worker.fusebox.breaker("payments")
            try await worker.untilKnown(payments, is: .open)
            #expect(try await !payments.acquire().isAllowed)
            try await worker.untilKnown(worker.fusebox.breaker("a"), is: nil)
        }
        run.cancel()
        try await run.value
    }
}
