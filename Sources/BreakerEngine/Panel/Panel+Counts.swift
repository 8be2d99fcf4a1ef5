import BreakerCore
import NIOConcurrencyHelpers

/// What the panel counts beside its answers.
extension Panel {
    func lastSeen(_ names: [BreakerName]) -> [Instant?] {
        entries(of: names) { $0?.lastSeenAt }
    }

    /// What was decided of each; nothing where there is no such breaker.
    func decisions(_ names: [BreakerName]) -> [DecisionTally] {
        entries(of: names) { $0?.decisions ?? DecisionTally() }
    }

    /// What was decided of each since the last collection.
    func uncollected(_ names: [BreakerName]) -> [DecisionTally] {
        entries(of: names) { $0.map { $0.decisions.since($0.collected) } ?? DecisionTally() }
    }

    /// Hands out what was decided since the last collection, of the breakers of which anything was.
    func collect() -> [(name: BreakerName, tally: DecisionTally)] {
        var names: [BreakerName] = []
        // Room for the next time, so that it does not grow under the lock.
        names.reserveCapacity(entries.withLockedValue(\.uncollected.count))
        entries.withLockedValue { swap(&names, &$0.uncollected) }
        var tallies: [(name: BreakerName, tally: DecisionTally)] = []
        tallies.reserveCapacity(names.count)
        goOver(names) { entries, name in
            // A breaker that was deleted and created anew may be named twice.
            guard let index = entries.named.index(forKey: name), entries.named.values[index].isUncollected else {
                return
            }
            let entry = entries.named.values[index]
            entries.named.values[index].collected = entry.decisions
            entries.named.values[index].isUncollected = false
            tallies.append((name, entry.decisions.since(entry.collected)))
        }
        return tallies
    }

    private func entries<Value>(of names: [BreakerName], _ value: (Entry?) -> Value) -> [Value] {
        var values: [Value] = []
        values.reserveCapacity(names.count)
        goOver(names) { entries, name in values.append(value(entries.named[name])) }
        return values
    }
}
