import Logging
import NIOConcurrencyHelpers
import Synchronization

// Events on the ways to the server, and the state changes that follow. Only an answer to a request proves that the
// server is back. A connected stream only shows that the server is worth trying.

extension Fusebox {
    // MARK: Decisions

    func serverDecided(_ attempt: Reachability.Attempt) {
        let nowNs = clock.nowNs()
        let change = reachability.withLockedValue { $0.answered(attempt, atNs: nowNs) }
        if case .returned(let isLogged)? = change { serverReturned(isLogged: isLogged) }
    }

    /// The caller has stopped waiting. The answer may still arrive.
    func serverIsLate(_ attempt: Reachability.Attempt) {
        let nowNs = clock.nowNs()
        guard reachability.withLockedValue({ $0.late(attempt, atNs: nowNs, jitter: .random(in: 0...1)) }) else {
            return
        }
        log(
            .warning,
            "fusebox does not decide in time",
            ["url": client.url, "unreachable": configuration.unreachable.rawValue]
        )
    }

    func serverFailed(_ error: any Error, _ attempt: Reachability.Attempt) {
        let nowNs = clock.nowNs()
        hasTakenOutcomes.store(false, ordering: .relaxed)
        let change = reachability.withLockedValue { $0.failed(attempt, atNs: nowNs, jitter: .random(in: 0...1)) }
        guard change == .left else { return }
        log(
            .warning,
            "fusebox is unreachable",
            ["url": client.url, "unreachable": configuration.unreachable.rawValue, "error": "\(error)"]
        )
    }

    private func serverReturned(isLogged: Bool) {
        reportSender.flushes.continuation.yield()
        guard isLogged else { return }
        let statistics = statistics
        log(
            .notice,
            "fusebox is reachable again",
            [
                "url": client.url,
                "decided_without": "\(statistics.decisions.fallback.allowed + statistics.decisions.fallback.denied)",
                "waiting_outcomes": "\(statistics.waitingOutcomes)",
                "dropped_outcomes": "\(statistics.droppedOutcomes)",
            ]
        )
    }

    // MARK: Outcomes

    /// A server that accepts outcomes has committed them, so it can also decide. It counts as back only if it answered
    /// quickly enough for a caller's patience.
    func serverTookOutcomes(_ attempt: Reachability.Attempt, tookNs: Int64) {
        let nowNs = clock.nowNs()
        hasTakenOutcomes.store(true, ordering: .relaxed)
        let isQuick = tookNs <= configuration.patience(mayNeedCommit: true).inNs
        let change = reachability.withLockedValue { reachability in
            if isQuick { return reachability.proved(atNs: nowNs) }
            reachability.endPause(atNs: nowNs)
            return nil
        }
        if case .returned(let isLogged)? = change { serverReturned(isLogged: isLogged) }
        serverAnsweredToOutcomes(attempt)
    }

    /// The server answered, even if it accepted no outcome.
    func serverAnsweredToOutcomes(_ attempt: Reachability.Attempt) {
        let nowNs = clock.nowNs()
        let change = reportSender.reachability.withLockedValue { $0.answered(attempt, atNs: nowNs) }
        guard change == .returned(isLogged: true) else { return }
        log(.notice, "fusebox accepts outcomes again", ["url": client.url])
    }

    /// The caller has stopped waiting for the server to accept the outcomes. The server may still accept them.
    func outcomesAreLate(_ attempt: Reachability.Attempt) {
        let nowNs = clock.nowNs()
        _ = reportSender.reachability.withLockedValue { $0.late(attempt, atNs: nowNs, jitter: .random(in: 0...1)) }
    }

    func serverTookNoOutcomes(_ error: any Error, _ attempt: Reachability.Attempt) {
        let nowNs = clock.nowNs()
        let change = reportSender.reachability.withLockedValue {
            $0.failed(attempt, atNs: nowNs, jitter: .random(in: 0...1))
        }
        guard change == .left else { return }
        log(
            .warning,
            "fusebox does not accept outcomes, so they wait",
            ["url": client.url, "error": "\(error)"]
        )
    }

    // MARK: Changes

    func streamBroke() {
        let nowNs = clock.nowNs()
        if isFollowing {
            reachability.withLockedValue { $0.streamBroke(atNs: nowNs) }
        } else {
            streamIsNotExpected()
        }
        isConnected.store(false, ordering: .relaxed)
    }

    /// The stream is refused or is not followed, so the client asks the server.
    func streamIsNotExpected() {
        let nowNs = clock.nowNs()
        reachability.withLockedValue { $0.streamBreakEnded(atNs: nowNs) }
    }

    func streamBegan() {
        isConnected.store(true, ordering: .relaxed)
        hasStreamBeenRefused.store(false, ordering: .relaxed)
        let nowNs = clock.nowNs()
        reachability.withLockedValue { reachability in
            reachability.streamBreakEnded(atNs: nowNs)
            reachability.endPause(atNs: nowNs)
        }
        reportSender.reachability.withLockedValue { $0.endPause(atNs: nowNs) }
        reportSender.flushes.continuation.yield()
    }
}
