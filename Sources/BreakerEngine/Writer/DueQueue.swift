import BreakerCore

/// Which breaker is due next: a binary heap by instant. An entry that a later one of the same breaker outdates stays
/// until it comes up.
struct DueQueue {
    private struct Entry {
        var at: Instant
        var name: BreakerName
    }

    private var heap: [Entry] = []
    private var scheduled: [BreakerName: Instant] = [:]

    /// When the next breaker is due; `nil` if none is.
    mutating func next() -> Instant? {
        while let first = heap.first {
            if scheduled[first.name] == first.at { return first.at }
            removeFirst()
        }
        return nil
    }

    /// Says when `name` is due; `nil` for never.
    mutating func schedule(_ name: BreakerName, at instant: Instant?) {
        if instant == nil, scheduled.isEmpty { return }
        guard scheduled[name] != instant else { return }
        scheduled[name] = instant
        guard let instant else { return }
        if heap.count > 2 * scheduled.count + Self.keptOutdated { dropOutdated() }
        push(Entry(at: instant, name: name))
    }

    /// How many entries are in the heap, the outdated included.
    var size: Int { heap.count }

    /// Below this many outdated entries it is not worth the while to drop them.
    private static let keptOutdated = 64

    /// A breaker whose instant moves often would fill the heap with entries that come up in a year.
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

    /// The names that are due at `now`, the longest due first, each once, `limit` at most. They are scheduled no more.
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
