import NIOConcurrencyHelpers

/// A failure that a client reported under a text of its own.
struct SentFailure: Hashable, Sendable {
    var breaker: String
    /// Unique in the run.
    var detail: String
    var reportID: String?
    var round: Int

    /// What is counted against the length of a log: a breaker's failures of one round.
    fileprivate var share: String { "\(breaker) \(round)" }
}

/// What the clients of a crash run sent and were answered, and what must never have been answered so.
///
/// It lives through every crash. Instants are the clients' own: `sent` is before, `received` behind whatever the
/// server did.
final class Ledger: Sendable {
    typealias Instant = ContinuousClock.Instant

    /// A probe's permit, held by a client.
    struct Grant: Sendable {
        var permit: String
        var sent: Instant
        var received: Instant
        var lease: Duration
        /// When its report was sent; `nil` while it is held.
        var released: Instant?

        /// Until then the lease lives for certain.
        var liveUntil: Instant { min(sent + lease, released ?? sent + lease) }
    }

    private struct Contents {
        var sent: [SentFailure] = []
        var acknowledged: Set<String> = []
        var shares: [String: Int] = [:]
        var grants: [Grant] = []
        /// The newest trip that was acknowledged.
        var trip: (sent: Instant, received: Instant)?
        var generation = 0
        var violations: [String] = []
    }

    private let contents = NIOLockedValueBox(Contents())

    /// A restarted server anchors its clock anew, to the millisecond.
    private static let tolerance = Duration.milliseconds(20)

    // MARK: Failures

    /// - Returns: `false` where the breaker's log is as full as it may become and still hold every row.
    func send(_ failures: [SentFailure]) -> Bool {
        contents.withLockedValue { contents in
            guard failures.allSatisfy({ contents.shares[$0.share, default: 0] < Self.mostPerRound }) else {
                return false
            }
            for failure in failures {
                contents.sent.append(failure)
                contents.shares[failure.share, default: 0] += 1
            }
            return true
        }
    }

    /// A log keeps 1 000 rows.
    private static let mostPerRound = 900

    func acknowledge(_ failure: SentFailure) {
        contents.withLockedValue { _ = $0.acknowledged.insert(failure.detail) }
    }

    func sent(to breaker: String) -> [SentFailure] {
        contents.withLockedValue { $0.sent.filter { $0.breaker == breaker } }
    }

    func isAcknowledged(_ failure: SentFailure) -> Bool {
        contents.withLockedValue { $0.acknowledged.contains(failure.detail) }
    }

    var acknowledgedCount: Int { contents.withLockedValue { $0.acknowledged.count } }
    var sentCount: Int { contents.withLockedValue { $0.sent.count } }

    // MARK: Decisions

    var generation: Int { contents.withLockedValue { $0.generation } }
    var probeCount: Int { contents.withLockedValue { $0.grants.count } }

    /// Leases that live for certain, and for a while.
    func heldGrants(at now: Instant, for rest: Duration) -> [Grant] {
        contents.withLockedValue { $0.grants.filter { $0.released == nil && now + rest < $0.sent + $0.lease } }
    }

    /// Whether the newest trip keeps the breaker open for certain, unless a probe came after it.
    func isOpen(at now: Instant) -> Bool {
        contents.withLockedValue { $0.trip.map { now < $0.sent + CrashRun.recoveryTimeout } ?? false }
    }

    /// An acquire was allowed.
    /// - Parameter generation: the highest that was known when it was sent.
    func allowed(permit: String, lease: Duration?, sent: Instant, received: Instant, generation: Int) {
        contents.withLockedValue { contents in
            let own = Int(permit.prefix { $0 != "-" }) ?? 0
            if own < generation { contents.violations.append("generation \(own) behind \(generation)") }
            contents.generation = max(contents.generation, own)
            if let trip = contents.trip, sent > trip.received,
                received + Self.tolerance < trip.sent + CrashRun.recoveryTimeout
            {
                contents.violations.append("\(permit) was granted before open_until")
            }
            guard let lease else { return }
            let grant = Grant(permit: permit, sent: sent, received: received, lease: lease)
            for other in contents.grants
            where received + Self.tolerance < other.liveUntil && other.received + Self.tolerance < grant.liveUntil {
                contents.violations.append("\(permit) was granted while \(other.permit) lived")
            }
            contents.grants.append(grant)
        }
    }

    /// The report of a probe is about to be sent.
    func release(_ permit: String, at now: Instant) {
        contents.withLockedValue { contents in
            guard let place = contents.grants.lastIndex(where: { $0.permit == permit }) else { return }
            contents.grants[place].released = now
        }
    }

    /// A report was answered: the breaker tripped.
    func tripped(sent: Instant, received: Instant) {
        contents.withLockedValue { contents in
            if contents.trip.map({ $0.sent < sent }) ?? true { contents.trip = (sent, received) }
        }
    }

    // MARK: Findings

    func violation(_ text: String) { contents.withLockedValue { $0.violations.append(text) } }

    var violations: [String] { contents.withLockedValue { $0.violations } }
}
