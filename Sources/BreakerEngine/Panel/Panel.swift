import BreakerCore
import NIOConcurrencyHelpers

/// What every breaker answers at this moment, for all threads to read.
///
/// One dictionary under one lock: a look-up takes 50 ns among 1 000 names and 290 ns among 100 000, and two threads
/// together make over 2 million a second, so there is nothing to shard.
final class Panel: Sendable {
    private struct Entry {
        var standing: Standing
        var lastSeenAt: Instant?
        var decisions = DecisionTally()
    }

    /// What a batch changed.
    struct Update {
        var name: BreakerName
        /// `nil` where the breaker is gone.
        var standing: Standing?
        /// Whether a worker's request was in the batch.
        var wasSeen: Bool
    }

    private let entries: NIOLockedValueBox<[BreakerName: Entry]>

    /// - Parameter maximumBreakers: room is reserved for so many, for a dictionary that grows moves all its entries, and
    ///   everybody would wait for that.
    init(
        _ breakers: some Collection<(name: BreakerName, standing: Standing, lastSeenAt: Instant?)>,
        maximumBreakers: Int
    ) {
        var entries: [BreakerName: Entry] = [:]
        entries.reserveCapacity(max(breakers.count, min(maximumBreakers, Self.mostReserved)))
        for breaker in breakers {
            entries[breaker.name] = Entry(standing: breaker.standing, lastSeenAt: breaker.lastSeenAt)
        }
        self.entries = NIOLockedValueBox(entries)
    }

    /// Room for so many takes 20 MB, most of it untouched until it is used.
    private static let mostReserved = 150_000

    /// The answer to an acquire at `now`; `nil` where the writer has to be asked.
    func decision(for name: BreakerName, at now: Instant) -> Decision? {
        entries.withLockedValue { entries in
            guard let index = entries.index(forKey: name) else { return nil }
            entries.values[index].lastSeenAt = now
            let decision = entries.values[index].standing.decision(at: now)
            if let decision { entries.values[index].decisions.add(decision) }
            return decision
        }
    }

    /// Counts a decision that the writer made.
    func count(_ decision: Decision, for name: BreakerName) {
        entries.withLockedValue { entries in
            guard let index = entries.index(forKey: name) else { return }
            entries.values[index].decisions.add(decision)
        }
    }

    /// What was decided of each; nothing where there is no such breaker.
    func decisions(_ names: [BreakerName]) -> [DecisionTally] {
        var tallies: [DecisionTally] = []
        tallies.reserveCapacity(names.count)
        for start in stride(from: 0, to: names.count, by: Self.updatesAtATime) {
            let some = names[start..<min(start + Self.updatesAtATime, names.count)]
            entries.withLockedValue { entries in
                for name in some { tallies.append(entries[name]?.decisions ?? DecisionTally()) }
            }
        }
        return tallies
    }

    /// Shows what a batch changed, some of it at a time, so that those who ask wait for no more than that.
    func publish(_ updates: [Update], at now: Instant) {
        for start in stride(from: 0, to: updates.count, by: Self.updatesAtATime) {
            publish(updates[start..<min(start + Self.updatesAtATime, updates.count)], at: now)
        }
    }

    /// A few microseconds under the lock.
    private static let updatesAtATime = 64

    private func publish(_ updates: ArraySlice<Update>, at now: Instant) {
        entries.withLockedValue { entries in
            for update in updates {
                guard let standing = update.standing else {
                    entries[update.name] = nil
                    continue
                }
                let seen = update.wasSeen ? now : nil
                if let index = entries.index(forKey: update.name) {
                    entries.values[index].standing = standing
                    if let seen { entries.values[index].lastSeenAt = seen }
                } else {
                    entries[update.name] = Entry(standing: standing, lastSeenAt: seen)
                }
            }
        }
    }

    func lastSeen(_ names: [BreakerName]) -> [Instant?] {
        var instants: [Instant?] = []
        instants.reserveCapacity(names.count)
        for start in stride(from: 0, to: names.count, by: Self.updatesAtATime) {
            let some = names[start..<min(start + Self.updatesAtATime, names.count)]
            entries.withLockedValue { entries in
                for name in some { instants.append(entries[name]?.lastSeenAt) }
            }
        }
        return instants
    }

    /// Every name with its answer, for tests that hold the panel against the store.
    var standings: [BreakerName: Standing] {
        entries.withLockedValue { $0.mapValues(\.standing) }
    }
}
