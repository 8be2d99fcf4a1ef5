import BreakerCore
import NIOConcurrencyHelpers

/// The counts that the panel keeps.
extension Panel {
    func lastSeen(_ names: [BreakerName]) -> [Instant?] {
        entries(of: names) { $0?.lastSeenAt }
    }

    /// The decisions for each name; an empty tally if there is no such breaker.
    func decisions(_ names: [BreakerName]) -> [DecisionCounts] {
        entries(of: names) { $0?.decisions ?? DecisionCounts() }
    }

    /// The decisions for each name since the last collection.
    func uncollected(_ names: [BreakerName]) -> [DecisionCounts] {
        entries(of: names) { $0.map { $0.decisions.since($0.collected) } ?? DecisionCounts() }
    }

    /// Collects the decisions since the last collection, of the breakers that have any.
    func collect() -> [(name: BreakerName, tally: DecisionCounts)] {
        var names: [BreakerName] = []
        // Capacity for the next collection, so that the array does not grow under the lock.
        names.reserveCapacity(entries.withLockedValue(\.uncollected.count))
        entries.withLockedValue { swap(&names, &$0.uncollected) }
        var tallies: [(name: BreakerName, tally: DecisionCounts)] = []
        tallies.reserveCapacity(names.count)
        goOver(names) { entries, name in
            // The name of a breaker that was deleted and created again may occur twice.
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
