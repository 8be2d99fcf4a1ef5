import BreakerCore
import CoreSupport
import Testing

/// Compares every sequence of three operator orders, from every state, with a small model of what each order does.
@Suite("Orders of an operator")
struct OverrideAndResetTests {
    enum Start: CaseIterable, Sendable {
        case closed, open, halfOpen, halfOpenWithLease
    }

    enum Order: CaseIterable, Sendable {
        case forceOpen, forceClosed, shadow, clear, expire, policy, resetClosed, resetHalfOpen
    }

    /// A model of a breaker under orders, from the design: its state, whether a probe is in flight, its override.
    struct Expected: Hashable {
        var state: State
        var leased = false
        var mode: Override.Mode?
        var revisions: Int64 = 0
        /// The revision that began the present generation, counted from that of the first order; 0 if the generation
        /// began before the orders.
        var generation: Int64 = 0

        init(_ start: Start) {
            switch start {
            case .closed: state = .closed
            case .open: state = .open
            case .halfOpen: state = .halfOpen
            case .halfOpenWithLease: (state, leased) = (.halfOpen, true)
            }
        }

        private mutating func begin(_ state: State) {
            (self.state, leased) = (state, false)
            revisions += 1
            generation = revisions
        }

        private mutating func endOverride() {
            switch mode {
            case nil: break
            case .forceOpen: begin(.halfOpen)
            case .forceClosed: begin(.closed)
            case .shadow: revisions += 1
            }
            mode = nil
        }

        /// - Returns: Whether the order is carried out.
        mutating func apply(_ order: Order) -> Bool {
            switch (order, mode) {
            case (.forceOpen, _), (.forceClosed, _), (.shadow, _):
                endOverride()
                switch order {
                case .forceOpen: begin(.open)
                case .forceClosed: begin(.closed)
                default: revisions += 1
                }
                mode = order == .forceOpen ? .forceOpen : order == .forceClosed ? .forceClosed : .shadow
            case (.clear, _), (.expire, _): endOverride()
            case (.policy, _): revisions += 1
            case (.resetClosed, .forceOpen), (.resetHalfOpen, .forceOpen), (.resetHalfOpen, .forceClosed): return false
            case (.resetClosed, _): begin(.closed)
            case (.resetHalfOpen, _): begin(.halfOpen)
            }
            return true
        }

        /// The answer to an acquire with no other in flight, in a word.
        var acquire: String {
            switch (state, mode, leased) {
            case (.closed, _, _): "allowed"
            case (.halfOpen, _, false): "probe"
            case (.open, .shadow, _), (.halfOpen, .shadow, true): "would deny"
            case (.open, _, _), (.halfOpen, _, true): "denied"
            }
        }

        var refusal: ReportAnswer.Refusal? {
            switch (state, mode) {
            case (_, .forceOpen): .forcedOpen
            case (.closed, _): nil
            case (.open, _): .open
            case (.halfOpen, _): .noLease
            }
        }

        /// Whether consecutive failures open the breaker.
        var trips: Bool { state == .closed && mode != .forceClosed }
    }

    static func bench(_ start: Start) -> Bench {
        var bench: Bench
        switch start {
        case .closed: bench = Bench()
        case .open: bench = .open()
        case .halfOpen, .halfOpenWithLease: bench = .halfOpen()
        }
        if start == .halfOpenWithLease { bench.acquire() }
        return bench
    }

    /// - Returns: Whether the order is carried out.
    static func give(_ order: Order, to bench: inout Bench) -> Bool {
        do {
            switch order {
            case .forceOpen: bench.setOverride(.forceOpen, expiresInMs: 1_000)
            case .forceClosed: bench.setOverride(.forceClosed, expiresInMs: 1_000)
            case .shadow: bench.setOverride(.shadow, expiresInMs: 1_000)
            case .clear: bench.clearOverride()
            case .expire:
                bench.wait(1_000)
                bench.advance()
            case .policy: bench.changePolicy { $0.minimumCalls += 1 }
            case .resetClosed: try bench.reset()
            case .resetHalfOpen: try bench.reset(to: .halfOpen)
            }
            return true
        } catch { return false }
    }

    static func word(_ decision: Decision) -> String {
        switch decision {
        case .denied: "denied"
        case .allowed(_, _, _, true): "would deny"
        case .allowed(let permit, _, _, false): permit.lease == nil ? "allowed" : "probe"
        }
    }

    @Test("Three orders in a row have the effect that the model predicts", arguments: Start.allCases, Order.allCases)
    func threeOrders(start: Start, first: Order) {
        for second in Order.allCases {
            for third in Order.allCases {
                var bench = Self.bench(start)
                var expected = Expected(start)
                let (revision, generation) = (bench.journal.revision, bench.breaker.generation)
                let orders: Comment = "\(start), then \(first), \(second), \(third)"
                for order in [first, second, third] {
                    #expect(Self.give(order, to: &bench) == expected.apply(order), orders)
                }
                #expect(bench.breaker.state == expected.state, orders)
                #expect(bench.breaker.leases.count == (expected.leased ? 1 : 0), orders)
                #expect(bench.breaker.override?.mode == expected.mode, orders)
                #expect(bench.journal.revision == revision + expected.revisions, orders)
                let begun = expected.generation == 0 ? generation : revision + expected.generation
                #expect(bench.breaker.generation == begun, orders)
                for outcome in Outcome.allCases {
                    var other = bench
                    #expect(other.report(outcome).refusal == expected.refusal, orders)
                }
                var other = bench
                other.report(.failure, count: 10)
                #expect((other.breaker.generation != begun) == expected.trips, orders)
                #expect(Self.word(bench.acquire()) == expected.acquire, orders)
            }
        }
    }
}
