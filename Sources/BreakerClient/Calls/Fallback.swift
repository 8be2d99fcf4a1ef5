/// Why a fallback is asked.
public enum FallbackReason: Sendable {
    /// The breaker denied the call.
    case denied(BreakerOpen)
    /// The call was made and counts as a failure; `nil` where it returned, with a value that counts as one.
    case failed((any Error)?)
}

/// What stands in for a call that the breaker denied, or that has failed.
///
/// It does not stand in for one that counts as ignored: a bad request stays the caller's.
public struct Fallback<Value: Sendable>: Sendable {
    typealias Find = @Sendable (String?, FallbackReason, Int64) async throws -> (Value, Served<Value>.Origin)?
    typealias Keep = @Sendable (Value, String, Int64) -> Void

    private let find: Find
    /// `nil` for one that remembers nothing.
    private let keep: Keep?

    private init(find: @escaping Find, keep: Keep? = nil) {
        self.find = find
        self.keep = keep
    }

    /// Always the same value.
    public static func value(_ value: Value) -> Fallback {
        Fallback(find: { _, _, _ in (value, .fallback) })
    }

    /// What `body` makes of it.
    /// - Parameter body: given the key, if the call has one, and the reason; `nil` where it has nothing. What it throws ends
    ///   the call.
    public static func from(
        _ body: @escaping @Sendable (_ key: String?, _ reason: FallbackReason) async throws -> Value?
    ) -> Fallback {
        Fallback(find: { key, reason, _ in try await body(key, reason).map { ($0, .fallback) } })
    }

    /// The last good result of a call about the same key, remembered in this process. A call without a key has none, and
    /// its result is not remembered: it might be somebody else's.
    ///
    /// - Parameters:
    ///   - ttl: how long a result is served for, counted from its call. An hour.
    ///   - capacity: how many keys are remembered; the one that was written longest ago goes first.
    ///   - alternative: asked where the cache has nothing.
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

    /// Whether it can tell one call from another only by their keys.
    var needsKey: Bool { keep != nil }

    func remember(_ value: Value, _ key: String, _ nowNs: Int64) { keep?(value, key, nowNs) }
}
