import NIOConcurrencyHelpers

/// A failure that a client has reported with a unique text.
struct SentFailure: Hashable, Sendable {
    var breaker: String
    /// The text, unique in the run.
    var detail: String
    var reportID: String?
    var round: Int

    /// The share of a breaker's log that a round may fill: the key under which its failures are counted.
    fileprivate var share: String { "\(breaker) \(round)" }
}

/// The requests and answers of a crash run's clients, and the answers that violate a rule.
///
/// A ledger is used across all crashes. Instants are those of the clients: `sent` is before and `received` is after
/// everything that the server did.
final class Ledger: Sendable {
    typealias Instant = ContinuousClock.Instant

    /// The permit of a probe that a client has been granted.
    struct Grant: Sendable {
        var permit: String
        var sent: Instant
        var received: Instant
        var lease: Duration
        /// When its report was sent; `nil` while the client holds it.
        var released: Instant?

        /// The lease is certainly live before this instant.
        var liveUntil: Instant { min(sent + lease, released ?? sent + lease) }
    }

    private struct Contents {
        var sent: [SentFailure] = []
        var acknowledged: Set<String> = []
        var shares: [String: Int] = [:]
        var grants: [Grant] = []
        /// The newest acknowledged trip.
        var trip: (sent: Instant, received: Instant)?
        var generation = 0
        var violations: [String] = []
    }

    private let contents = NIOLockedValueBox(Contents())

    /// A restarted server anchors its clock again, with a precision of a millisecond.
    private static let tolerance = Duration.milliseconds(20)

    // MARK: Failures

    /// - Returns: `false` if the breaker's log could not hold all of these rows.
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

    /// The leases that are certainly live for at least `rest`.
    func heldGrants(at now: Instant, for rest: Duration) -> [Grant] {
        contents.withLockedValue { $0.grants.filter { $0.released == nil && now + rest < $0.sent + $0.lease } }
    }

    /// Whether the newest trip certainly keeps the breaker open, unless a probe came after it.
    func isOpen(at now: Instant) -> Bool {
        contents.withLockedValue { $0.trip.map { now < $0.sent + CrashRun.recoveryTimeout } ?? false }
    }

    /// Records an allowed acquire.
    /// - Parameter generation: the highest generation that was known when the acquire was sent.
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

    /// Records that the report of a probe is about to be sent.
    func release(_ permit: String, at now: Instant) {
        contents.withLockedValue { contents in
            guard let address = contents.grants.lastIndex(where: { $0.permit == permit }) else { return }
            contents.grants[address].released = now
        }
    }

    /// Records a report whose answer says that the breaker has tripped.
    func tripped(sent: Instant, received: Instant) {
        contents.withLockedValue { contents in
            if contents.trip.map({ $0.sent < sent }) ?? true { contents.trip = (sent, received) }
        }
    }

    // MARK: Findings

    func violation(_ text: String) { contents.withLockedValue { $0.violations.append(text) } }

    var violations: [String] { contents.withLockedValue { $0.violations } }
}

/// The differences between the stored and the acknowledged failures.
struct Losses: Hashable, Sendable {
    /// Failures that were acknowledged and are not stored.
    var lost: Set<String> = []
    /// Failures that are stored more than once.
    var repeated: Set<String> = []
    /// Failures that are stored and were never sent.
    var invented: Set<String> = []

    static let none = Losses()
}

/// Compares the acknowledged failures with the stored ones. A failure that was sent and not acknowledged may be stored
/// once.
func losses(acknowledged: Set<String>, sent: Set<String>, stored: [String]) -> Losses {
    var seen: Set<String> = []
    var repeated: Set<String> = []
    for item in stored where !seen.insert(item).inserted { repeated.insert(item) }
    return Losses(
        lost: acknowledged.subtracting(seen),
        repeated: repeated,
        invented: seen.subtracting(sent)
    )
}
