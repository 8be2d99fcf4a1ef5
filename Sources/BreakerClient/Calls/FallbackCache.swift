import NIOConcurrencyHelpers
import NIOCore

/// The last good results by key, bounded in number and in age.
final class FallbackCache<Value: Sendable>: Sendable {
    private struct Slot {
        var value: Value
        var keptNs: Int64
        var number: Int
    }

    private struct State {
        var slots: [String: Slot] = [:]
        /// The keys in the order of their writes, each with the write's number. Only a key's last write counts.
        var order = CircularBuffer<(key: String, number: Int)>()
        var writings = 0
    }

    private let state = NIOLockedValueBox(State())
    private let ttlNs: Int64
    private let capacity: Int

    init(ttlNs: Int64, capacity: Int) {
        precondition(capacity > 0, "the capacity of a cache must be at least 1, not \(capacity)")
        self.ttlNs = ttlNs
        self.capacity = capacity
    }

    /// - Returns: the value and its age; `nil` if there is none, or if it is older than the TTL.
    func value(_ key: String, atNs nowNs: Int64) -> (Value, ageNs: Int64)? {
        state.withLockedValue { state in
            guard let slot = state.slots[key] else { return nil }
            let ageNs = nowNs - slot.keptNs
            guard ageNs < ttlNs else {
                state.slots[key] = nil
                return nil
            }
            return (slot.value, ageNs)
        }
    }

    func keep(_ value: Value, _ key: String, atNs nowNs: Int64) {
        state.withLockedValue { state in
            state.writings += 1
            state.slots[key] = Slot(value: value, keptNs: nowNs, number: state.writings)
            state.order.append((key, state.writings))
            while state.slots.count > capacity { Self.dropOldest(&state) }
            // A key that is written repeatedly leaves its earlier writes in the list.
            if state.order.count > 2 * capacity {
                let slots = state.slots
                state.order = CircularBuffer(state.order.filter { slots[$0.key]?.number == $0.number })
            }
        }
    }

    private static func dropOldest(_ state: inout State) {
        guard let oldest = state.order.popFirst() else { return }
        if state.slots[oldest.key]?.number == oldest.number { state.slots[oldest.key] = nil }
    }
}
