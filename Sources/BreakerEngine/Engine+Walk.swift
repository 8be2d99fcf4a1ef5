import BreakerCore

extension Engine {
    /// How many breakers are looked at between two batches: less than half a millisecond of the writer's time.
    static let breakersAtATime = 500

    /// Goes over the breakers whose names begin with `prefix`, in order of name: some at a time between two batches, so
    /// that no batch waits for more than that. What happens on the way shows in those that are still to come.
    ///
    /// - Parameters:
    ///   - result: what `body` gathers.
    ///   - name: only those behind this name.
    ///   - body: is given a breaker's place, and says whether to go on.
    /// - Throws: ``EngineError/Code/storageUnavailable``.
    func walk<Result: Sendable>(
        into result: Result,
        prefix: String,
        after name: BreakerName? = nil,
        _ body: @escaping @Sendable (inout Result, WorkingCopy, _ place: Int, Instant) -> Bool
    ) async throws(EngineError) -> Result {
        var (result, last) = (result, name)
        repeat {
            (result, last) = try await writer.read { [result, last] working, now throws(EngineError) in
                var result = result
                let end = working.goOver(prefix: prefix, after: last, atMost: Self.breakersAtATime) { place in
                    body(&result, working, place, now)
                }
                return (result, end)
            }
        } while last != nil && !Task.isCancelled
        return result
    }
}

extension WorkingCopy {
    /// - Returns: the last name that was gone over; `nil` where there is none behind it, or `body` wants no more.
    fileprivate func goOver(
        prefix: String,
        after last: BreakerName?,
        atMost limit: Int,
        _ body: (_ place: Int) -> Bool
    ) -> BreakerName? {
        let start = start(prefix: prefix, after: last)
        let end = min(start + limit, names.count)
        for name in names[start..<end] {
            guard name.value.hasPrefix(prefix) else { return nil }
            guard let place = place(of: name), body(place) else { return nil }
        }
        return end < names.count ? names[end - 1] : nil
    }

    private func start(prefix: String, after last: BreakerName?) -> Int {
        let start = names.partitioningIndex { $0.value >= prefix }
        guard let last else { return start }
        return max(start, names.partitioningIndex { $0 > last })
    }

    /// The first names after `last` that begin with `prefix`, in order.
    func names(prefix: String, after last: BreakerName?, atMost limit: Int) -> [BreakerName] {
        Array(names[start(prefix: prefix, after: last)...].prefix(limit).prefix { $0.value.hasPrefix(prefix) })
    }
}
