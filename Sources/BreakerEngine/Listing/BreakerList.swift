package import BreakerCore

/// A page of breakers, and how many there are of each state.
package struct BreakerList: Sendable {
    /// Where a page begins, and with it the order of the list.
    package enum Order: Hashable, Sendable {
        /// By name.
        /// - `after`: only those behind this name.
        case name(after: BreakerName?)
        /// Those first that have to be looked at, those that are alike by name.
        /// - `after`: only those behind this place.
        case attention(after: Place?)
    }

    package struct Place: Hashable, Sendable {
        package var attention: Breaker.Attention
        package var name: BreakerName

        package init(attention: Breaker.Attention, name: BreakerName) {
            self.attention = attention
            self.name = name
        }

        func isBefore(_ other: Place) -> Bool {
            attention != other.attention ? attention < other.attention : name < other.name
        }
    }

    /// How many breakers there are, whatever the list is filtered by beside its prefixes.
    package struct Totals: Hashable, Sendable {
        package var closed = 0
        package var open = 0
        package var halfOpen = 0
        package var overridden = 0

        package var total: Int { closed + open + halfOpen }

        package subscript(state: State) -> Int {
            switch state {
            case .closed: closed
            case .open: open
            case .halfOpen: halfOpen
            }
        }

        mutating func add(_ outline: Outline) {
            switch outline.state {
            case .closed: closed += 1
            case .open: open += 1
            case .halfOpen: halfOpen += 1
            }
            if outline.override != nil { overridden += 1 }
        }

        static func += (left: inout Totals, right: Totals) {
            left.closed += right.closed
            left.open += right.open
            left.halfOpen += right.halfOpen
            left.overridden += right.overridden
        }
    }

    package var views: [BreakerView]
    /// Where the page ends; `nil` where no page follows.
    package var end: Place?
    /// `nil` after the first page.
    package var totals: Totals?
}

extension Engine {
    /// A page of breakers, with everything in it that was answered before.
    ///
    /// Which breakers are on it is read off the panel's image, on a thread of lists; the writer is asked for these alone.
    /// A breaker that changes in between, so that it is of the list no longer, is left out.
    ///
    /// - Parameter prefix: a second prefix that every name has to have: what a token may see.
    package func breakers(
        _ filter: BreakerFilter,
        visiblePrefix prefix: String,
        order: BreakerList.Order = .name(after: nil),
        limit: Int
    ) async throws(EngineError) -> BreakerList {
        // One prefix has to continue the other, or no name has both.
        let longest = prefix.utf8.count > filter.prefix.utf8.count ? prefix : filter.prefix
        guard longest.hasPrefix(prefix), longest.hasPrefix(filter.prefix) else {
            return BreakerList(views: [], totals: order.isAtStart ? BreakerList.Totals() : nil)
        }
        return try await listTurns.run { () throws(EngineError) in
            var (places, totals) = try await places(filter, prefix: longest, order: order, limit: limit + 1)
            let end = places.count > limit ? places[limit - 1] : nil
            places = Array(places.prefix(limit))
            let views = try await read(places.map(\.name)) { working, place, now in
                BreakerView(breaker: working[place].preview(at: now), at: now)
            }
            let remaining = views.filter { filter.admits($0.breaker.state, $0.breaker.override?.mode) }
            return BreakerList(views: seen(remaining), end: end, totals: totals)
        }
    }

    /// The first breakers of a list, and how many there are where it is asked for from its start.
    private func places(
        _ filter: BreakerFilter,
        prefix: String,
        order: BreakerList.Order,
        limit: Int
    ) async throws(EngineError) -> (places: [BreakerList.Place], totals: BreakerList.Totals?) {
        if case .attention = order { try await updateProgress() }
        return try await onListThread { [self] in
            let now = clock.now()
            let panel = panelImage()
            let totals = order.isAtStart ? panel.totals(prefix: prefix, at: now) : nil
            switch order {
            case .name(let after):
                return (panel.byName(filter, prefix: prefix, after: after, limit: limit, at: now), totals)
            case .attention(let after):
                let places = progress.read(panel, at: now) { progress in
                    panel.byAttention(filter, prefix: prefix, after: after, limit: limit, at: now, progress: progress)
                }
                return (places, totals)
            }
        }
    }

    /// The panel as the last change that was published left it.
    package func panelImage() -> PanelImage { feed.image(at: clock.now()) }
}

extension BreakerList.Order {
    /// Whether it is the first page of the list.
    fileprivate var isAtStart: Bool {
        switch self {
        case .name(let after): after == nil
        case .attention(let after): after == nil
        }
    }
}
