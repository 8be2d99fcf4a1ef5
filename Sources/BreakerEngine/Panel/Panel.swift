import BreakerCore
import NIOConcurrencyHelpers

/// What every breaker answers at this moment, for all threads to read.
///
/// One dictionary under one lock: a look-up takes 50 ns among 1 000 names and 290 ns among 100 000, and two threads
/// together make over 2 million a second, so there is nothing to shard.
final class Panel: Sendable {
    struct Entry {
        var standing: Standing
        var lastSeenAt: Instant?
        var decisions = DecisionTally()
        /// Those of ``decisions`` that were collected.
        var collected = DecisionTally()
        /// Whether ``Entries/uncollected`` has its name.
        var isUncollected = false

        /// - Returns: whether there was nothing to collect before.
        mutating func count(_ decision: Decision) -> Bool {
            decisions.add(decision)
            defer { isUncollected = true }
            return !isUncollected
        }
    }

    struct Entries {
        var named: [BreakerName: Entry] = [:]
        /// The names of which something was decided since the last collection; perhaps of breakers that are gone.
        var uncollected: [BreakerName] = []

        mutating func count(_ decision: Decision, at index: Dictionary<BreakerName, Entry>.Index) {
            if named.values[index].count(decision) { uncollected.append(named[index].key) }
        }
    }

    /// What a batch changed.
    struct Update {
        var name: BreakerName
        /// `nil` where the breaker is gone.
        var standing: Standing?
        /// Whether a worker's request was in the batch.
        var wasSeen: Bool
    }

    let entries: NIOLockedValueBox<Entries>

    /// - Parameter maximumBreakers: room is reserved for so many, for a dictionary that grows moves all its entries, and
    ///   everybody would wait for that.
    init(
        _ breakers: some Collection<(name: BreakerName, standing: Standing, lastSeenAt: Instant?)>,
        maximumBreakers: Int
    ) {
        var entries = Entries()
        entries.named.reserveCapacity(max(breakers.count, min(maximumBreakers, Self.mostReserved)))
        for breaker in breakers {
            entries.named[breaker.name] = Entry(standing: breaker.standing, lastSeenAt: breaker.lastSeenAt)
        }
        self.entries = NIOLockedValueBox(entries)
    }

    /// Room for so many takes 20 MB, most of it untouched until it is used.
    private static let mostReserved = 150_000

    /// The answer to an acquire at `now`; `nil` where the writer has to be asked.
    /// - Parameter mayProbe: whether the call would be reported, were it a probe.
    func decision(for name: BreakerName, at now: Instant, mayProbe: Bool = true) -> Decision? {
        entries.withLockedValue { entries in
            guard let index = entries.named.index(forKey: name) else { return nil }
            entries.named.values[index].lastSeenAt = now
            let standing = entries.named.values[index].standing
            let decision = mayProbe ? standing.decision(at: now) : standing.decisionWithoutProbe(at: now)
            if let decision { entries.count(decision, at: index) }
            return decision
        }
    }

    /// Counts a decision that the writer made.
    func count(_ decision: Decision, for name: BreakerName) {
        entries.withLockedValue { entries in
            guard let index = entries.named.index(forKey: name) else { return }
            entries.count(decision, at: index)
        }
    }

    // MARK: Publishing

    /// Shows what a batch changed, some of it at a time, so that those who ask wait for no more than that.
    func publish(_ updates: [Update], at now: Instant) {
        for start in stride(from: 0, to: updates.count, by: Self.namesAtATime) {
            publish(updates[start..<min(start + Self.namesAtATime, updates.count)], at: now)
        }
    }

    private func publish(_ updates: ArraySlice<Update>, at now: Instant) {
        entries.withLockedValue { entries in
            for update in updates {
                guard let standing = update.standing else {
                    entries.named[update.name] = nil
                    continue
                }
                let seen = update.wasSeen ? now : nil
                if let index = entries.named.index(forKey: update.name) {
                    entries.named.values[index].standing = standing
                    if let seen { entries.named.values[index].lastSeenAt = seen }
                } else {
                    entries.named[update.name] = Entry(standing: standing, lastSeenAt: seen)
                }
            }
        }
    }

    // MARK: Many names

    /// A few microseconds under the lock.
    private static let namesAtATime = 64

    /// Goes over many names, some at a time, so that those who ask wait for no more than that.
    func goOver(_ names: [BreakerName], _ body: (inout Entries, BreakerName) -> Void) {
        for start in stride(from: 0, to: names.count, by: Self.namesAtATime) {
            entries.withLockedValue { entries in
                for name in names[start..<min(start + Self.namesAtATime, names.count)] { body(&entries, name) }
            }
        }
    }

    /// Every name with its answer, for tests that hold the panel against the store.
    var standings: [BreakerName: Standing] {
        entries.withLockedValue { $0.named.mapValues(\.standing) }
    }
}
