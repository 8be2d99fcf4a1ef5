import Logging
import NIOConcurrencyHelpers
import ServiceLifecycle
import Synchronization

extension Fusebox {
    /// Connects the stream of changes, keeps policies, and sends outcomes, until the service is shut down or the task
    /// cancelled. Then it sends what waits, once, and returns.
    ///
    /// Once in its life. Put it before the services that make calls: a service group ends them in reverse order.
    public func run() async throws {
        let hasBegun = hasBegun.exchange(true, ordering: .relaxed)
        precondition(!hasBegun, "a Fusebox runs once; make another one")
        isRunning.store(true, ordering: .relaxed)
        await cancelWhenGracefulShutdown {
            await withTaskGroup(of: Void.self) { group in
                if self.configuration.mode == .local {
                    group.addTask { await self.followChanges() }
                    group.addTask { await self.keepPolicies() }
                }
                group.addTask { await self.sendWhenAsked() }
                group.addTask { await self.askWhenIntervalIsOver() }
                await group.waitForAll()
            }
        }
        isRunning.store(false, ordering: .relaxed)
        isConnected.store(false, ordering: .relaxed)
        await send()
    }

    private func sendWhenAsked() async {
        for await _ in outlet.flushes.stream {
            while !Task.isCancelled, !(await send()) {
                let nowNs = clock.nowNs()
                let pauseNs = reachability.withLockedValue { $0.retryAfterNs(atNs: nowNs) }
                // The server may have answered someone else since.
                guard (try? await clock.sleep(forNs: max(pauseNs, Self.leastPauseNs))) != nil else { return }
            }
        }
    }

    private static let leastPauseNs: Int64 = 50 * nsPerMs

    private func askWhenIntervalIsOver() async {
        for await _ in outlet.beginnings.stream {
            guard (try? await clock.sleep(forNs: configuration.flushInterval.inNs)) != nil else { return }
            outlet.flushes.continuation.yield()
        }
    }
}
