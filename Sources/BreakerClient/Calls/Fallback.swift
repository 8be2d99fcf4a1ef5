import NIOConcurrencyHelpers
import NIOCore

/// Why a fallback is used.
public enum FallbackReason: Sendable {
    /// The breaker denied the call.
    case denied(BreakerOpen)
    /// The call was made and counts as a failure; the error is `nil` if the call returned a value that counts as a
    /// failure.
    case failed((any Error)?)
}

/// Supplies a value in place of a call that the breaker denied or that failed.
///
/// It does not replace a call that counts as ignored: the caller gets the error of its own bad request.
public struct Fallback<Value: Sendable>: Sendable {
    typealias Find = @Sendable (String?, FallbackReason, Int64) async throws -> (Value, Served<Value>.Origin)?
    typealias Keep = @Sendable (Value, String, Int64) -> Void

    private let find: Find
    /// `nil` for a fallback that stores nothing.
    private let keep: Keep?

    private init(find: @escaping Find, keep: Keep? = nil) {
        self.find = find
        self.keep = keep
    }

    /// Always the same value.
    public static func value(_ value: Value) -> Fallback {
        Fallback(find: { _, _, _ in (value, .fallback) })
    }

    /// The value that `body` returns.
    /// - Parameter body: gets the call's key, if any, and the reason. It returns `nil` if it has no value. An error
    ///   that it throws ends the call.
    public static func from(
        _ body: @escaping @Sendable (_ key: String?, _ reason: FallbackReason) async throws -> Value?
    ) -> Fallback {
        Fallback(find: { key, reason, _ in try await body(key, reason).map { ($0, .fallback) } })
    }

    /// The last good result of a call with the same key, stored in this process. A call without a key neither reads nor
    /// writes the cache, because its result might belong to another caller's request.
    ///
    /// - Parameters:
    ///   - ttl: how long a result is served, counted from its call. An hour by default.
    ///   - capacity: how many keys are stored; the key that was written longest ago is dropped first.
    ///   - alternative: used if the cache has no value.
    public static func cache(
        ttl: Duration = .seconds(3_600),
        capacity: Int = 1_000,
        else alternative: Fallback? = nil
    ) -> Fallback {
        let cache = FallbackCache<Value>(ttlNs: ttl.inNs, capacity: capacity)
        return Fallback(
            find: { key, reason, nowNs in
                if let key, let (value, ageNs) = cache.value(key, atNs: nowNs) {
                    return (value, .cache(age: .nanoseconds(ageNs)))
                }
                return try await alternative?.find(key, reason, nowNs)
            },
            keep: { value, key, nowNs in
                cache.keep(value, key, atNs: nowNs)
                alternative?.keep?(value, key, nowNs)
            }
        )
    }

    nonisolated(nonsending) func value(
        _ key: String?,
        _ reason: FallbackReason,
        _ nowNs: Int64
    ) async throws -> (Value, Served<Value>.Origin)? {
        try await find(key, reason, nowNs)
    }

    /// Whether the fallback distinguishes calls by their keys.
    var needsKey: Bool { keep != nil }

    func remember(_ value: Value, _ key: String, _ nowNs: Int64) { keep?(value, key, nowNs) }
}

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
