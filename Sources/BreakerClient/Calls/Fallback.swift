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
