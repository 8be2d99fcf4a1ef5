package import BreakerCore

/// The condition for the breakers of a list.
package struct BreakerFilter: Hashable, Sendable {
    package var state: State?
    package var prefix = ""
    package var override: OverrideFilter?
    /// A part of the name, in lower case. It matches without regard to case.
    package private(set) var part: [UInt8] = []

    package enum OverrideFilter: Hashable, Sendable {
        case any
        case none
        case mode(Override.Mode)
    }

    package init(state: State? = nil, prefix: String = "", override: OverrideFilter? = nil, part: String = "") {
        self.state = state
        self.prefix = prefix
        self.override = override
        self.part = part.utf8.map(Self.lowercased)
    }

    /// Whether the filter admits the name. The prefix is not checked.
    func admits(_ name: BreakerName) -> Bool {
        guard !part.isEmpty else { return true }
        let bytes = name.value.utf8.map(Self.lowercased)
        guard bytes.count >= part.count else { return false }
        return (0...bytes.count - part.count).contains { bytes[$0..<$0 + part.count].elementsEqual(part) }
    }

    func admits(_ state: State, _ mode: Override.Mode?) -> Bool {
        if let wanted = self.state, state != wanted { return false }
        return switch override {
        case nil: true
        case .any?: mode != nil
        case Optional.some(.none): mode == nil
        case .mode(let wanted)?: mode == wanted
        }
    }

    /// Names are ASCII.
    private static func lowercased(_ byte: UInt8) -> UInt8 {
        (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte + 32 : byte
    }
}

/// A page of breakers, and how many there are of each state.
package struct BreakerList: Sendable {
    /// The order of a list, and where a page of it begins.
    package enum Order: Hashable, Sendable {
        /// By name.
        /// - `after`: only breakers after this name.
        case name(after: BreakerName?)
        /// The breakers that most need attention first; breakers that need it equally by name.
        /// - `after`: only breakers after this position.
        case attention(after: Position?)
    }

    /// The position of a breaker in the order of attention.
    package struct Position: Hashable, Sendable {
        package var attention: Breaker.Attention
        package var name: BreakerName

        package init(attention: Breaker.Attention, name: BreakerName) {
            self.attention = attention
            self.name = name
        }

        func isBefore(_ other: Position) -> Bool {
            attention != other.attention ? attention < other.attention : name < other.name
        }
    }

    /// How many breakers there are. Of the list's filter, only the prefixes apply.
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

        mutating func add(_ summary: BreakerSummary) {
            switch summary.state {
            case .closed: closed += 1
            case .open: open += 1
            case .halfOpen: halfOpen += 1
            }
            if summary.override != nil { overridden += 1 }
        }

        static func += (left: inout Totals, right: Totals) {
            left.closed += right.closed
            left.open += right.open
            left.halfOpen += right.halfOpen
            left.overridden += right.overridden
        }
    }

    package var views: [BreakerView]
    /// Where the page ends; `nil` if no page follows.
    package var end: Position?
    /// `nil` after the first page.
    package var totals: Totals?
}

extension Engine {
    /// A page of breakers. It includes every change that was answered before the call.
    ///
    /// The breakers of the page are selected from the panel's image, on the list thread. Only these are then read from
    /// the writer. A breaker that changes in between, so that the filter does not admit it, is left out.
    ///
    /// - Parameter scope: the names that the token may see.
    package func breakers(
        _ filter: BreakerFilter,
        visible scope: NameScope,
        order: BreakerList.Order = .name(after: nil),
        limit: Int
    ) async throws(EngineError) -> BreakerList {
        // If neither prefix begins with the other, no name has both.
        let prefix = scope.commonPrefix
        let longest = prefix.utf8.count > filter.prefix.utf8.count ? prefix : filter.prefix
        guard longest.hasPrefix(prefix), longest.hasPrefix(filter.prefix) else {
            return BreakerList(views: [], totals: order.isAtStart ? BreakerList.Totals() : nil)
        }
        return try await listTurns.run { () throws(EngineError) in
            var (positions, totals) = try await positions(
                filter,
                prefix: longest,
                visible: scope,
                order: order,
                limit: limit + 1
            )
            let end = positions.count > limit ? positions[limit - 1] : nil
            positions = Array(positions.prefix(limit))
            let views = try await read(positions.map(\.name)) { working, index, now in
                BreakerView(breaker: working.breakers[index].preview(at: now), at: now)
            }
            let remaining = views.filter { filter.admits($0.breaker.state, $0.breaker.override?.mode) }
            return BreakerList(views: seen(remaining), end: end, totals: totals)
        }
    }

    /// The positions of the first breakers of a page, and the totals if it is the first page.
    private func positions(
        _ filter: BreakerFilter,
        prefix: String,
        visible scope: NameScope,
        order: BreakerList.Order,
        limit: Int
    ) async throws(EngineError) -> (positions: [BreakerList.Position], totals: BreakerList.Totals?) {
        if case .attention = order { try await updateProgress() }
        return try await onListThread { [self] in
            let now = clock.now()
            let panel = panelImage()
            let totals = order.isAtStart ? panel.totals(prefix: prefix, visible: scope, at: now) : nil
            switch order {
            case .name(let after):
                let positions = panel.byName(
                    filter,
                    prefix: prefix,
                    visible: scope,
                    after: after,
                    limit: limit,
                    at: now
                )
                return (positions, totals)
            case .attention(let after):
                let positions = progress.read(panel, at: now) { progress in
                    panel.byAttention(
                        filter,
                        prefix: prefix,
                        visible: scope,
                        after: after,
                        limit: limit,
                        at: now,
                        progress: progress
                    )
                }
                return (positions, totals)
            }
        }
    }

    /// The panel as of the last published change.
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

extension RandomAccessCollection {
    /// The first index at which `condition` holds; it has to hold for all later elements too.
    func partitioningIndex(where condition: (Element) -> Bool) -> Index {
        var (low, remaining) = (startIndex, count)
        while remaining > 0 {
            let half = remaining / 2
            let middle = index(low, offsetBy: half)
            if condition(self[middle]) {
                remaining = half
            } else {
                low = index(after: middle)
                remaining -= half + 1
            }
        }
        return low
    }
}
