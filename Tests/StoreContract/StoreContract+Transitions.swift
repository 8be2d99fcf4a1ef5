import BreakerCore
import BreakerStorage
import Testing

extension StoreContract {
    static var transitionClauses: [Clause] {
        [
            Clause("Transitions come in pages, the newest first, of all breakers or of one") { location in
                let store = try location.open()
                let reader = try location.reader()
                var scenario = Scenario()
                for name in ["payments", "search"] { scenario.create(name) }
                var expected: [NamedTransition] = []
                for round in 0..<6 {
                    let name = round % 3 == 0 ? "search" : "payments"
                    scenario.reset(name)
                    let transition = try #require(scenario[name].lastTransition)
                    expected.insert(NamedTransition(name: .named(name), transition: transition), at: 0)
                }
                try scenario.write(to: store)
                func page(_ id: Int64?, before revision: Int64?, _ limit: Int) throws -> [NamedTransition] {
                    try reader.transitions(ofBreaker: id, visible: .all, before: revision, limit: limit)
                }
                #expect(try page(nil, before: nil, 4) == Array(expected[..<4]))
                #expect(try page(nil, before: expected[3].transition.revision, 4) == Array(expected[4...]))
                #expect(try page(nil, before: 1, 4) == [])
                let ofOne = expected.filter { $0.name.value == "payments" }
                let id = scenario["payments"].id
                #expect(try page(id, before: nil, 3) == Array(ofOne[..<3]))
                #expect(try page(id, before: ofOne[2].transition.revision, 3) == Array(ofOne[3...]))
            },
            Clause("The evidence of every rule and of the recovery is read as it was stored") { location in
                let store = try location.open()
                let reader = try location.reader()
                var scenario = Scenario.ofEveryRule()
                let batch = scenario.batch()
                try store.write(batch)
                let expected = batch.changes.compactMap(\.transition)
                #expect(Set(expected.map(\.cause)).count == 7)
                let found = try reader.transitions(ofBreaker: nil, visible: .all, before: nil, limit: 100)
                #expect(found.reversed().map(\.transition) == expected)
            },
            Clause("A prefix of names is plain text and case-sensitive") { location in
                let store = try location.open()
                let reader = try location.reader()
                var scenario = Scenario()
                let names = ["pay_x", "payments", "payments:charge", "Payments", "pay.x"]
                for name in names {
                    scenario.create(name)
                    scenario.reset(name)
                }
                try scenario.write(to: store)
                for prefix in ["", "p", "pay_", "pay.", "payments", "payments:", "Pay", "payments:charges", "%"] {
                    let scope = NameScope(prefix: prefix)
                    let found = try reader.transitions(ofBreaker: nil, visible: scope, before: nil, limit: 10)
                    #expect(found.map(\.name.value) == names.reversed().filter { $0.hasPrefix(prefix) }, "\(prefix)")
                    let id = scenario["payments"].id
                    let ofOne = try reader.transitions(ofBreaker: id, visible: scope, before: nil, limit: 10)
                    #expect(ofOne.count == ("payments".hasPrefix(prefix) ? 1 : 0), "\(prefix)")
                }
            },
            Clause("A page of transitions is full although its names share only a short prefix with others") {
                location in
                let store = try location.open()
                let reader = try location.reader()
                var scenario = Scenario()
                for name in ["pay:a", "pay", "pays", "ship", "pay:b"] {
                    scenario.create(name)
                    scenario.reset(name)
                }
                try scenario.write(to: store)
                let scope = try NameScope("=pay,pay:")
                for (limit, names) in [(1, ["pay:b"]), (2, ["pay:b", "pay"]), (10, ["pay:b", "pay", "pay:a"])] {
                    let found = try reader.transitions(ofBreaker: nil, visible: scope, before: nil, limit: limit)
                    #expect(found.map(\.name.value) == names)
                }
            },
            Clause("A store keeps exactly the newest transitions of each breaker up to the limit") { location in
                var retention = Retention()
                retention.transitionsPerBreaker = 3
                var store = try location.open(retention)
                var scenario = Scenario()
                for name in ["payments", "search"] { scenario.create(name) }
                for (resets, kept) in [(2, 2), (1, 3), (1, 3), (5, 3)] {
                    for _ in 0..<resets { scenario.reset("payments") }
                    scenario.reset("search")
                    try scenario.write(to: store)
                    let id = scenario["payments"].id
                    let reader = try location.reader()
                    let found = try reader.transitions(ofBreaker: id, visible: .all, before: nil, limit: 10)
                    #expect(found.count == kept)
                    #expect(found.first?.transition == scenario["payments"].lastTransition)
                    #expect(try store.load() == scenario.panel)
                    store.close()
                    store = try location.open(retention)
                }
            },
        ]
    }
}

extension Scenario {
    /// A scenario in which each rule trips a breaker, and a probe of one fails and a probe of another succeeds.
    fileprivate static func ofEveryRule() -> Scenario {
        var scenario = Scenario()
        scenario.create("streak")
        let policies: [(name: String, document: PolicyDocument)] = [
            ("count", ["failure_count_threshold": .integer(2), "window_calls": .integer(5)]),
            ("rate", ["failure_rate_threshold": .decimal(0.3), "minimum_calls": .integer(3)]),
            (
                "slow",
                [
                    "slow_call_rate_threshold": .decimal(0.6), "slow_call_ms": .integer(10),
                    "minimum_calls": .integer(3),
                ]
            ),
        ]
        for (name, document) in policies {
            scenario.create(name, document.merging(["failure_threshold": .null]) { given, _ in given })
        }
        scenario.fail("streak", times: 5)
        scenario.fail("count", times: 2)
        scenario.report("rate", Report(.failure), Report(.success, count: 2))
        scenario.report("slow", Report(.success), Report(.success, durationMs: 10, count: 2))
        scenario.wait(ms: 60_000)
        scenario.report("streak", Report(.failure, permit: scenario.acquire("streak"), kind: "reset"))
        scenario.report("count", Report(.success, permit: scenario.acquire("count")))
        return scenario
    }

    /// Resets a breaker, which is the shortest way to a transition.
    package mutating func reset(_ name: String) {
        change(name) { breaker, now, journal in
            try? breaker.reset(to: .closed, actor: "ops", at: now, journal: &journal)
        }
    }
}
