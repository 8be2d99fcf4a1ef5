import BreakerCore

/// The breakers in the order in which they are due: a binary heap by instant.
///
/// When a breaker is rescheduled, its previous entry is outdated. Outdated entries stay in the heap until they reach
/// the top, or until there are so many that all of them are dropped.
struct DueQueue {
    private struct Entry {
        var at: Instant
        var name: BreakerName
    }

    private var heap: [Entry] = []
    private var scheduled: [BreakerName: Instant] = [:]

    /// When the next breaker is due; `nil` if no breaker is.
    mutating func next() -> Instant? {
        while let first = heap.first {
            if scheduled[first.name] == first.at { return first.at }
            removeFirst()
        }
        return nil
    }

    /// Sets when `name` is due; `nil` for never.
    mutating func schedule(_ name: BreakerName, at instant: Instant?) {
        if instant == nil, scheduled.isEmpty { return }
        guard scheduled[name] != instant else { return }
        scheduled[name] = instant
        guard let instant else { return }
        if heap.count > 2 * scheduled.count + Self.keptOutdated { dropOutdated() }
        push(Entry(at: instant, name: name))
    }

    /// How many entries are in the heap, including outdated ones.
    var size: Int { heap.count }

    /// Outdated entries are dropped once they outnumber the scheduled breakers by more than this.
    private static let keptOutdated = 64

    /// Removes outdated entries. Otherwise a breaker whose instant moves often would fill the heap with entries that do
    /// not reach the top for a year.
    private mutating func dropOutdated() {
        let entries = heap.filter { scheduled[$0.name] == $0.at }
        heap.removeAll(keepingCapacity: true)
        for entry in entries { push(entry) }
    }

    private mutating func push(_ entry: Entry) {
        heap.append(entry)
        var child = heap.count - 1
        while child > 0, heap[child].at < heap[(child - 1) / 2].at {
            heap.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    /// Removes and returns the names that are due at `now`: the longest due first, each once, at most `limit`.
    mutating func takeDue(at now: Instant, limit: Int) -> [BreakerName] {
        var due: [BreakerName] = []
        while due.count < limit, let at = next(), at <= now, let name = heap.first?.name {
            removeFirst()
            scheduled[name] = nil
            due.append(name)
        }
        return due
    }

    private mutating func removeFirst() {
        heap.swapAt(0, heap.count - 1)
        heap.removeLast()
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < heap.count && heap[child].at < heap[least].at {
                least = child
            }
            guard least != parent else { return }
            heap.swapAt(parent, least)
            parent = least
        }
    }
}
