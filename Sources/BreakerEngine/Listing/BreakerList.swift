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

        func isBefore(_ attention: Breaker.Attention, _ name: BreakerName) -> Bool {
            self.attention != attention ? self.attention < attention : self.name < name
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
    package var totals: Totals
}

extension BreakerView {
    /// Where it stands in a list by attention.
    package var place: BreakerList.Place {
        BreakerList.Place(attention: breaker.attention(at: at), name: breaker.name)
    }
}

extension WorkingCopy {
    /// One walk over all breakers whose names have both prefixes: those that count are more than those that are shown.
    func list(
        _ filter: BreakerFilter,
        visiblePrefix: String,
        order: BreakerList.Order,
        limit: Int,
        at now: Instant
    ) -> BreakerList {
        var totals = BreakerList.Totals()
        var page = PageOfNames(order: order, limit: limit)
        for name in names(prefixes: [filter.prefix, visiblePrefix]) {
            guard let breaker = self[name]?.preview(at: now) else { continue }
            totals.add(breaker)
            if filter.admits(name), filter.admits(breaker) { page.offer(breaker, at: now) }
        }
        let views = page.names.compactMap { try? view(of: $0, at: now) }
        return BreakerList(views: views, totals: totals)
    }

    /// The names that begin with each of `prefixes`: neighbours, for names are in byte order.
    private func names(prefixes: [String]) -> ArraySlice<BreakerName> {
        let longest = prefixes.max { $0.utf8.count < $1.utf8.count } ?? ""
        guard prefixes.allSatisfy(longest.hasPrefix) else { return [] }
        let start = names.partitioningIndex { $0.value >= longest }
        let end = names[start...].firstIndex { !$0.value.hasPrefix(longest) } ?? names.endIndex
        return names[start..<end]
    }
}

/// The first names of a list, gathered from breakers that are offered in order of name.
private struct PageOfNames {
    let order: BreakerList.Order
    let limit: Int
    private var first: [BreakerList.Place] = []
    /// Whether ``first`` holds the first of all that were offered, in order.
    private var isFull = false

    init(order: BreakerList.Order, limit: Int) {
        self.order = order
        self.limit = limit
    }

    mutating func offer(_ breaker: Breaker, at now: Instant) {
        switch order {
        case .name(let after):
            guard first.count < limit, after.map({ $0 < breaker.name }) ?? true else { return }
            first.append(.init(attention: .init(rank: 0, progress: 0), name: breaker.name))
        case .attention(let after):
            let attention = breaker.attention(at: now)
            if let after, !after.isBefore(attention, breaker.name) { return }
            if isFull, let last = first.prefix(limit).last, !(attention < last.attention) { return }
            first.append(.init(attention: attention, name: breaker.name))
            // Sorted when it is twice as long as it has to be: each walk sorts pages, and never the whole list.
            if first.count >= 2 * limit { cut() }
        }
    }

    private mutating func cut() {
        first.sort { $0.isBefore($1.attention, $1.name) }
        isFull = first.count >= limit
        first = Array(first.prefix(limit))
    }

    var names: [BreakerName] {
        var page = self
        page.cut()
        return page.first.map(\.name)
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
        var list = try await writer.read { working, now throws(EngineError) in
            working.list(filter, visiblePrefix: prefix, order: order, limit: limit + 1, at: now)
        }
        list.views = seen(list.views)
        return list
    }
}
