import Dispatch
import Foundation
import NIOConcurrencyHelpers
import ServiceLifecycle
import Synchronization

extension Fusebox {
    /// Follows the stream of changes, keeps policies up to date, and sends outcomes, until the service is shut down or
    /// the task is cancelled. Then it sends the waiting outcomes once and returns within 2 seconds, whatever the server
    /// does.
    ///
    /// Run an instance only once. Put it before the services that make calls: a service group ends them in reverse
    /// order.
    public func run() async throws {
        let hasBegun = hasBegun.exchange(true, ordering: .relaxed)
        precondition(!hasBegun, "a Fusebox can run only once; create another one")
        isRunning.store(true, ordering: .relaxed)
        await cancelWhenGracefulShutdown {
            await withTaskGroup(of: Void.self) { group in
                if self.configuration.mode == .local { group.addTask { await self.followChanges() } }
                group.addTask { await self.keepPolicies() }
                group.addTask { await self.sendWhenAsked() }
                group.addTask { await self.sendDecisionsRegularly() }
                group.addTask { await self.askWhenIntervalIsOver() }
                group.addTask { await self.askWhenPauseIsOver() }
                await group.waitForAll()
            }
        }
        isRunning.store(false, ordering: .relaxed)
        isConnected.store(false, ordering: .relaxed)
        await sendLast()
    }

    private func sendWhenAsked() async {
        for await _ in reportSender.flushes.stream {
            let nowNs = clock.nowNs()
            if let attempt = reportSender.reachability.withLockedValue({ $0.begin(atNs: nowNs) }) {
                let race = Race<Void>()
                Task {
                    await send(under: attempt)
                    race.settle(())
                }
                // On cancellation, stop waiting here: `sendLast()` waits for the request in progress, for a bounded
                // time.
                await withTaskCancellationHandler {
                    await race.value
                } onCancel: {
                    race.settle(())
                }
            }
            if reportSender.isHeldUp { reportSender.retries.continuation.yield() }
        }
    }

    private func askWhenIntervalIsOver() async {
        for await _ in reportSender.beginnings.stream {
            guard (try? await clock.sleep(forNs: configuration.flushInterval.inNs)) != nil else { return }
            reportSender.flushes.continuation.yield()
        }
    }

    private func askWhenPauseIsOver() async {
        for await _ in reportSender.retries.stream {
            let nowNs = clock.nowNs()
            let pauseNs = reportSender.reachability.withLockedValue { $0.retryAfterNs(atNs: nowNs) }
            guard (try? await clock.sleep(forNs: max(pauseNs, Self.leastPauseNs))) != nil else { return }
            reportSender.flushes.continuation.yield()
        }
    }

    private static let leastPauseNs: Int64 = 50 * nsPerMs

    /// Sends the waiting outcomes, and gives back the probes that were granted after their callers stopped waiting.
    private func sendLast() async {
        let race = Race<Void>()
        let timer = Task {
            try await clock.sleep(forNs: Self.farewellNs)
            race.settle(())
        }
        Task {
            await send(under: reportSender.reachability.withLockedValue { $0.beginAtAnyRate() })
            await lateAttempts.end()
            await send(under: reportSender.reachability.withLockedValue { $0.beginAtAnyRate() })
            await sendDecisions()
            race.settle(())
        }
        await race.value
        timer.cancel()
    }

    private static let farewellNs: Int64 = 2_000 * nsPerMs
}

extension Fusebox {
    struct Reference: Sendable {
        weak var fusebox: Fusebox?
    }

    /// Every client of this process, so that exit can flush them.
    private static let all: NIOLockedValueBox<[Reference]> = {
        atexit { Fusebox.sendAtExit() }
        return NIOLockedValueBox([])
    }()

    func willSendAtExit() {
        Self.all.withLockedValue { all in
            all.removeAll { $0.fusebox == nil }
            all.append(Reference(fusebox: self))
        }
    }

    /// Sends the waiting outcomes, and waits for that up to the patience of a call: `exit()` ends all threads
    /// afterwards.
    private static func sendAtExit() {
        let waiting = all.withLockedValue { $0.compactMap(\.fusebox) }
            .filter { $0.reportSender.state.withLockedValue { $0.outbox.waiting > 0 } }
        guard let patience = waiting.map(\.configuration.patience).max() else { return }
        let sending = DispatchGroup()
        for fusebox in waiting {
            sending.enter()
            Task {
                await fusebox.send(under: fusebox.reportSender.reachability.withLockedValue { $0.beginAtAnyRate() })
                sending.leave()
            }
        }
        _ = sending.wait(timeout: .now() + .nanoseconds(Int(clamping: patience.inNs)))
    }
}

extension DispatchGroup {
    /// Waits until every entered task has left the group.
    func end() async {
        await withCheckedContinuation { continuation in
            notify(queue: .global()) { continuation.resume() }
        }
    }
}
