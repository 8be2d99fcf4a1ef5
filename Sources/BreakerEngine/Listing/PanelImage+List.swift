package import BreakerCore
import NIOConcurrencyHelpers

/// Reads of the panel's image for lists and scrapes. They include due changes that are not stored yet.
extension PanelImage {
    /// How many breakers of the scope there are whose names begin with `prefix`.
    func totals(prefix: String, visible scope: NameScope, at now: Instant) -> BreakerList.Totals {
        var totals = BreakerList.Totals()
        for piece in pieces(prefix: prefix) {
            if piece.first.value.hasPrefix(prefix), piece.last.value.hasPrefix(prefix),
                scope.containsAll(from: piece.first, to: piece.last),
                piece.nextDue.map({ now < $0 }) ?? true
            {
                totals += piece.totals
            } else {
                for breaker in piece.breakers
                where breaker.name.value.hasPrefix(prefix) && scope.contains(breaker.name) {
                    totals.add(breaker.summary.preview(at: now))
                }
            }
        }
        return totals
    }

    /// The first breakers after `last`, in order of name.
    func byName(
        _ filter: BreakerFilter,
        prefix: String,
        visible scope: NameScope,
        after last: BreakerName?,
        limit: Int,
        at now: Instant
    ) -> [BreakerList.Position] {
        var positions: [BreakerList.Position] = []
        forEach(filter, prefix: prefix, visible: scope, after: last, at: now) { name, _ in
            positions.append(BreakerList.Position(attention: .init(rank: 0, progress: 0), name: name))
            return positions.count < limit
        }
        return positions
    }

    /// The first breakers after `last`, in order of attention.
    /// - Parameter progress: returns the progress of a closed breaker.
    func byAttention(
        _ filter: BreakerFilter,
        prefix: String,
        visible scope: NameScope,
        after last: BreakerList.Position?,
        limit: Int,
        at now: Instant,
        progress: (BreakerName) -> Double
    ) -> [BreakerList.Position] {
        var first: [BreakerList.Position] = []
        /// The last of the first `limit` breakers, as of the last sort.
        var bound: BreakerList.Position?
        func cut() {
            first.sort { $0.isBefore($1) }
            first = Array(first.prefix(limit))
            bound = first.count == limit ? first.last : nil
        }
        forEach(filter, prefix: prefix, visible: scope, after: nil, at: now) { name, summary in
            let position = BreakerList.Position(
                attention: .init(
                    state: summary.state,
                    isOverridden: summary.override != nil,
                    progress: progress(name)
                ),
                name: name
            )
            if last.map({ $0.isBefore(position) }) ?? true, bound.map({ position.isBefore($0) }) ?? true {
                first.append(position)
                // Sorted when there are twice as many as needed, so that the whole list is never sorted.
                if first.count >= 2 * limit { cut() }
            }
            return true
        }
        cut()
        return first
    }

    /// Calls `body` for the breakers that the filter admits, in order of name.
    /// - Parameter body: returns whether to go on.
    private func forEach(
        _ filter: BreakerFilter,
        prefix: String,
        visible scope: NameScope,
        after last: BreakerName?,
        at now: Instant,
        _ body: (BreakerName, BreakerSummary) -> Bool
    ) {
        for piece in pieces(prefix: prefix, after: last) {
            for (name, summary) in piece.breakers where name.value.hasPrefix(prefix) && last.map({ $0 < name }) ?? true
            {
                guard scope.contains(name) else { continue }
                let summary = summary.preview(at: now)
                guard filter.admits(summary.state, summary.override?.mode), filter.admits(name) else { continue }
                guard body(name, summary) else { return }
            }
        }
    }

    /// The pieces that may have names that begin with `prefix` and are after `last`. They may have other names too.
    package func pieces(prefix: String, after last: BreakerName? = nil) -> ArraySlice<Piece> {
        let start = pieces.partitioningIndex { piece in
            piece.last.value >= prefix && last.map { $0 < piece.last } ?? true
        }
        return pieces[start...].prefix { $0.first.value <= prefix || $0.first.value.hasPrefix(prefix) }
    }
}

/// The closed breakers whose progress towards a trip may be above 0, for lists in order of attention.
///
/// A report as such publishes no change, so the writer hands out the breakers that were stored since the last list. A
/// list therefore costs the writer no more than the reports since the last list did.
final class ProgressImage: Sendable {
    private typealias Breakers = [BreakerName: Breaker]

    /// The breakers that were handed out since the last list was read.
    private let added = NIOLockedValueBox<[BreakerName: Breaker?]>([:])
    /// Only lists take this lock. Each list holds it while it is made.
    private let breakers = NIOLockedValueBox<Breakers>([:])

    /// - Parameter some: in the order in which they were handed out; `nil` for a breaker without progress.
    func add(_ some: [(name: BreakerName, breaker: Breaker?)]) {
        added.withLockedValue { added in
            for (name, breaker) in some { added.updateValue(breaker, forKey: name) }
        }
    }

    /// - Parameters:
    ///   - panel: the breakers that exist.
    ///   - body: receives a function that returns the progress of the closed breaker with a name.
    func read<Value>(
        _ panel: PanelImage,
        at now: Instant,
        _ body: (_ progress: (BreakerName) -> Double) -> Value
    ) -> Value {
        breakers.withLockedValue { breakers in
            var some: [BreakerName: Breaker?] = [:]
            added.withLockedValue { swap(&some, &$0) }
            for (name, breaker) in some { breakers[name] = breaker }
            if breakers.count > panel.count { Self.dropDeleted(from: &breakers, panel) }
            return body { name in breakers[name]?.preview(at: now).progress(at: now) ?? 0 }
        }
    }

    private static func dropDeleted(from breakers: inout Breakers, _ panel: PanelImage) {
        let names = Set(panel.breakers.map(\.name))
        breakers = breakers.filter { names.contains($0.key) }
    }
}

extension Engine {
    /// Brings the image of the breakers' progress up to date.
    /// - Throws: ``EngineError/Code/storageUnavailable``.
    func updateProgress() async throws(EngineError) {
        while try await writer.handOutProgress(to: progress, atMost: Self.handedOutAtATime) {
            if Task.isCancelled { throw .cancelled }
        }
    }

    /// How many breakers are handed out at once: a fraction of a millisecond of the writer's time.
    private static let handedOutAtATime = 2_000
}
