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

        mutating func add(_ breaker: Breaker) {
            switch breaker.state {
            case .closed: closed += 1
            case .open: open += 1
            case .halfOpen: halfOpen += 1
            }
            if breaker.override != nil { overridden += 1 }
        }
    }

    /// One more than was asked for where there are more.
    package var views: [BreakerView]
    /// `nil` behind the first page: a page by name costs no more than what is on it.
    package var totals: Totals?
}

extension BreakerView {
    /// Where it stands in a list by attention.
    package var place: BreakerList.Place {
        BreakerList.Place(attention: breaker.attention(at: at), name: breaker.name)
    }
}

/// What a walk has found of a list.
private struct Gathering {
    let filter: BreakerFilter
    let order: BreakerList.Order
    let limit: Int
    /// `nil` where nobody asks for them.
    var totals: BreakerList.Totals?
    private var first: [(place: BreakerList.Place, view: BreakerView)] = []
    /// Whether ``first`` holds the first of all that were offered, in order.
    private var isFull = false

    init(_ filter: BreakerFilter, order: BreakerList.Order, limit: Int) {
        self.filter = filter
        self.order = order
        self.limit = limit
        if order.isAtStart { totals = BreakerList.Totals() }
    }

    /// Breakers are offered in order of name.
    /// - Returns: whether the next one is of interest.
    mutating func offer(_ view: BreakerView) -> Bool {
        totals?.add(view.breaker)
        if filter.admits(view.breaker.name), filter.admits(view.breaker) { take(view) }
        return switch order {
        case .name: totals != nil || first.count < limit
        case .attention: true
        }
    }

    private mutating func take(_ view: BreakerView) {
        switch order {
        case .name:
            // The rest is only counted.
            guard first.count < limit else { return }
            first.append((BreakerList.Place(attention: .init(rank: 0, progress: 0), name: view.breaker.name), view))
        case .attention(let after):
            let place = view.place
            if let after, !after.isBefore(place) { return }
            if isFull, let last = first.prefix(limit).last?.place, !(place.attention < last.attention) { return }
            first.append((place, view))
            // Sorted when it is twice as long as it has to be: each walk sorts pages, and never the whole list.
            if first.count >= 2 * limit { cut() }
        }
    }

    private mutating func cut() {
        first.sort { $0.place.isBefore($1.place) }
        isFull = first.count >= limit
        first = Array(first.prefix(limit))
    }

    var list: BreakerList {
        var whole = self
        whole.cut()
        return BreakerList(views: whole.first.map(\.view), totals: totals)
    }
}

extension Engine {
    /// A page of breakers, with one more than `limit` where there are more.
    ///
    /// - Parameter prefix: a second prefix that every name has to have: what a token may see.
    package func breakers(
        _ filter: BreakerFilter,
        visiblePrefix prefix: String,
        order: BreakerList.Order = .name(after: nil),
        limit: Int
    ) async throws(EngineError) -> BreakerList {
        let gathering = Gathering(filter, order: order, limit: limit + 1)
        // One prefix has to continue the other, or no name has both.
        let longest = prefix.utf8.count > filter.prefix.utf8.count ? prefix : filter.prefix
        guard longest.hasPrefix(prefix), longest.hasPrefix(filter.prefix) else { return gathering.list }
        var list = try await walkTurns.run { () throws(EngineError) in
            try await walk(into: gathering, prefix: longest, after: order.lastName) {
                $0.offer(BreakerView(breaker: $1[$2].preview(at: $3), at: $3))
            }.list
        }
        list.views = seen(list.views)
        return list
    }
}

extension BreakerList.Order {
    /// Whether it is the first page of the list.
    fileprivate var isAtStart: Bool {
        switch self {
        case .name(let after): after == nil
        case .attention(let after): after == nil
        }
    }

    /// The name behind which the page begins; `nil` where every breaker may be on it.
    fileprivate var lastName: BreakerName? {
        if case .name(let after) = self { after } else { nil }
    }
}
