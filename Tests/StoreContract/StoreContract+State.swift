import BreakerCore
import BreakerStorage
import Testing

extension StoreContract {
    static var stateClauses: [Clause] {
        [
            Clause("A new store is empty") { location in
                let empty = StoredPanel(revision: 0, lastWrite: nil, breakers: [])
                let store = try location.open()
                #expect(try store.load() == empty)
                store.close()
                let again = try location.open()
                #expect(try again.load() == empty)
            },
            Clause("Breakers in every state load as they were stored, also when the store is opened again") {
                location in
                var scenario = Scenario.ofEveryState()
                let store = try location.open()
                try scenario.write(to: store)
                #expect(try store.load() == scenario.panel)
                store.close()
                #expect(try location.open().load() == scenario.panel)
            },
            Clause("A breaker loads as the last batch stored it") { location in
                var scenario = Scenario.ofEveryState()
                let store = try location.open()
                for _ in 0..<20 {
                    for name in scenario.breakers.keys.sorted() {
                        scenario.report(name.value, Report(.failure, permit: scenario.acquire(name.value)))
                    }
                    try scenario.write(to: store)
                    #expect(try store.load() == scenario.panel)
                    scenario.wait(ms: 7_919)
                }
            },
            Clause("A breaker whose instants are moved back is stored so, although no revision is taken") { location in
                var scenario = Scenario()
                for name in ["closed", "shadow"] {
                    scenario.create(name)
                    scenario.fail(name, times: 2)
                }
                scenario.change("shadow") { breaker, now, journal in
                    let mode = Override.Mode.shadow
                    breaker.setOverride(
                        mode,
                        reason: "r",
                        actor: "a",
                        expiresInMs: 9_000,
                        at: now,
                        journal: &journal
                    )
                }
                let store = try location.open()
                try scenario.write(to: store)
                for name in ["closed", "shadow"] {
                    scenario.change(name) { breaker, _, _ in breaker.shift(byMilliseconds: -5_000) }
                }
                var batch = scenario.batch()
                batch.shiftMs = -5_000
                try store.write(batch)
                #expect(try store.load() == scenario.panel)
            },
            Clause("The order in which calls ended is stored, and the last failure is the one that ended last") {
                location in
                var scenario = Scenario()
                scenario.create("payments")
                let store = try location.open()
                scenario.wait(ms: 10_000)
                scenario.report("payments", Report(.failure, kind: "timeout"), Report(.success))
                try scenario.write(to: store)
                scenario.wait(ms: 1_000)
                let late = Report(.failure, ageMs: 8_000, kind: "connection")
                scenario.report("payments", late, Report(.success, ageMs: 500))
                try scenario.write(to: store)
                #expect(scenario["payments"].failureRows == 2)
                #expect(scenario["payments"].lastFailure?.kind == "timeout")
                #expect(try store.load() == scenario.panel)
                store.close()
                #expect(try location.open().load() == scenario.panel)
            },
            Clause("The newest row is the last failure if retention removed the failure that ended last") { location in
                var retention = Retention()
                retention.failuresPerBreaker = 1
                let store = try location.open(retention)
                var scenario = Scenario()
                scenario.create("payments")
                scenario.wait(ms: 10_000)
                scenario.report("payments", Report(.failure), Report(.failure, ageMs: 8_000))
                try scenario.write(to: store)
                #expect(try store.load().breakers.map { $0.breaker.lastFailure?.number } == [2])
            },
            Clause("Breakers load in order of the bytes of their names") { location in
                var scenario = Scenario()
                for name in ["a:b", "b", "a", "Z9", "a-b", "_".prefix(0) + "0", "a.b", "aB"] { scenario.create(name) }
                let store = try location.open()
                try scenario.write(to: store)
                #expect(
                    try store.load().breakers.map(\.breaker.name.value)
                        == ["0", "Z9", "a", "a-b", "a.b", "a:b", "aB", "b"]
                )
            },
            Clause("A reload gives the stored breakers among the given names") { location in
                var scenario = Scenario.ofEveryState()
                let store = try location.open()
                try scenario.write(to: store)
                var expected = scenario.panel
                expected.breakers.removeAll { !["open", "shadow"].contains($0.breaker.name.value) }
                #expect(try store.reload(["shadow", "nowhere", "open", "shadow"].map(BreakerName.named)) == expected)
                expected.breakers = []
                #expect(try store.reload([]) == expected)
            },
            Clause("An empty batch stores its instant and revision") { location in
                let store = try location.open()
                try store.write(WriteBatch(at: .start, revision: 7))
                #expect(try store.load() == StoredPanel(revision: 7, lastWrite: .start, breakers: []))
            },
            Clause("Any text is loaded byte for byte as it was stored") { location in
                var scenario = Scenario()
                let store = try location.open()
                let texts = ["", "'; DROP TABLE failures; --", "\0in the middle\0", "é, 漢字, 🧨", "\"{}\n\t\\"]
                for (index, text) in texts.enumerated() {
                    let name = "text-\(index)"
                    scenario.create(name, source: .api, actor: text)
                    scenario.report(name, Report(.failure, kind: text, detail: text, reporter: text))
                    scenario.change(name) { breaker, now, journal in
                        breaker.setOverride(
                            .shadow,
                            reason: text,
                            actor: text,
                            expiresInMs: nil,
                            at: now,
                            journal: &journal
                        )
                    }
                }
                try scenario.write(to: store)
                #expect(try store.load() == scenario.panel)
            },
            Clause("A load has the openings of the last hour") { location in
                var scenario = Scenario()
                let store = try location.open()
                scenario.create("payments", ["recovery_timeout_ms": .integer(600_000)])
                for _ in 0..<8 {
                    scenario.fail("payments", times: 5)
                    scenario.wait(ms: 600_000)
                    scenario.report("payments", Report(.success, permit: scenario.acquire("payments")))
                }
                scenario.fail("payments", times: 5)
                // A transition that begins and ends open is not an opening.
                for mode in [Override.Mode.shadow, .forceOpen] {
                    scenario.change("payments") { breaker, now, journal in
                        breaker.setOverride(
                            mode,
                            reason: "test",
                            actor: "ops",
                            expiresInMs: nil,
                            at: now,
                            journal: &journal
                        )
                    }
                }
                try scenario.write(to: store)
                let stored = try store.load().breakers[0].breaker
                // The trip exactly an hour ago does not count.
                #expect(stored.recentOpenings.count == 6)
                #expect(try store.load() == scenario.panel)
            },
        ]
    }
}

extension Scenario {
    /// A scenario with breakers in every state and of every kind.
    static func ofEveryState() -> Scenario {
        var scenario = Scenario()
        scenario.create("new", creator: "checkout")
        scenario.create("closed", source: .profile("clo*"))
        scenario.report(
            "closed",
            Report(.success, durationMs: 12),
            Report(.failure, durationMs: 900, kind: "timeout", detail: "no answer", reporter: "checkout-7"),
            Report(.failure, count: 3)
        )
        scenario.create("last-calls", ["window_calls": .integer(20), "slow_call_ms": .integer(10)], source: .config)
        scenario.report("last-calls", Report(.success, durationMs: 10), Report(.failure), Report(.success))
        scenario.create("open", source: .api, actor: "ops")
        scenario.fail("open", times: 5)
        scenario.create("half-open", ["half_open_probes": .integer(3), "success_threshold": .integer(5)])
        scenario.create("lost", ["probe_lease_ms": .integer(100)])
        scenario.create("backed-off", ["recovery_timeout_multiplier": .decimal(1.5)])
        for name in ["half-open", "lost", "backed-off"] { scenario.fail(name, times: 5) }
        scenario.wait(ms: 60_000)
        scenario.report("half-open", Report(.success, permit: scenario.acquire("half-open")))
        for _ in 0..<3 { scenario.acquire("half-open") }
        scenario.acquire("lost")
        scenario.report("backed-off", Report(.failure, permit: scenario.acquire("backed-off")))
        for (name, mode, expiresInMs) in [
            ("forced-open", Override.Mode.forceOpen, nil), ("forced-open-for-an-hour", .forceOpen, 3_600_000),
            ("forced-closed", .forceClosed, 1_000), ("shadow", .shadow, nil as Int64?),
        ] {
            scenario.create(name)
            scenario.change(name) { breaker, now, journal in
                breaker.setOverride(
                    mode,
                    reason: "maintenance",
                    actor: "ops",
                    expiresInMs: expiresInMs,
                    at: now,
                    journal: &journal
                )
            }
        }
        scenario.wait(ms: 200)
        scenario.acquire("lost")
        scenario.create("reset")
        scenario.change("reset") { breaker, now, journal in
            try? breaker.reset(to: .halfOpen, actor: "ops", at: now, journal: &journal)
        }
        for name in ["closed", "open", "lost"] { scenario.lastSeenAt[.named(name)] = scenario.now }
        return scenario
    }
}
