import BreakerCore
import BreakerStorage
import Testing

extension StoreContract {
    static var changeClauses: [Clause] {
        [
            Clause("The changes after a revision come in pages, each with the summary that the breaker had then") {
                location in
                let store = try location.open()
                let reader = try location.reader()
                var scenario = Scenario.ofEveryChange()
                let expected = try scenario.writeAndRecall(to: store)
                #expect(expected.map(\.revision) == Array(1...Int64(expected.count)))
                #expect(try reader.changes(after: 0, limit: 100) == .changes(expected))
                #expect(try reader.changes(after: 2, limit: 3) == .changes(Array(expected[2..<5])))
                let last = Int64(expected.count)
                #expect(try reader.changes(after: last - 1, limit: 3) == .changes(Array(expected.suffix(1))))
                #expect(try reader.changes(after: last, limit: 3) == .changes([]))
                #expect(try reader.changes(after: last + 1, limit: 3) == .unknownRevision)
                #expect(try reader.changes(after: .max, limit: 3) == .unknownRevision)
            },
            Clause("The changes of a deleted breaker stay, including its deletion") { location in
                let store = try location.open()
                let reader = try location.reader()
                var scenario = Scenario()
                scenario.create("goes")
                scenario.fail("goes", times: 5)
                var expected = try scenario.writeAndRecall(to: store)
                scenario.delete("goes", actor: "ops")
                scenario.create("goes")
                scenario.delete("goes")
                expected += try scenario.writeAndRecall(to: store)
                #expect(try reader.changes(after: 0, limit: 10) == .changes(expected))
                #expect(expected.map(\.kind).suffix(3) == [.deleted(actor: "ops"), .created, .deleted(actor: nil)])
            },
            Clause("A store keeps exactly the newest changes up to the limit, and reports earlier ones as trimmed") {
                location in
                var retention = Retention()
                retention.changes = 5
                var store = try location.open(retention)
                var scenario = Scenario()
                scenario.create("payments")
                var last: Int64 = 1
                for resets in [2, 2, 1, 7, 1] {
                    for _ in 0..<resets { scenario.reset("payments") }
                    try scenario.write(to: store)
                    last += Int64(resets)
                    let oldest = max(1, last - 4)
                    let reader = try location.reader()
                    guard case .changes(let kept) = try reader.changes(after: oldest - 1, limit: 10) else {
                        Issue.record("the changes after \(oldest - 1) of \(last) are not kept")
                        return
                    }
                    #expect(kept.map(\.revision) == Array(oldest...last))
                    if oldest > 1 { #expect(try reader.changes(after: oldest - 2, limit: 10) == .trimmed) }
                    reader.close()
                    store.close()
                    store = try location.open(retention)
                }
            },
            Clause("A store from before changes were kept reports them as trimmed") { location in
                let store = try location.open()
                let reader = try location.reader()
                try store.write(WriteBatch(at: .start, revision: 7))
                #expect(try reader.changes(after: 6, limit: 10) == .trimmed)
                #expect(try reader.changes(after: 7, limit: 10) == .changes([]))
                #expect(try reader.changes(after: 8, limit: 10) == .unknownRevision)
            },
        ]
    }
}

extension Scenario {
    /// Stores the events since the last batch.
    ///
    /// - Returns: The changes of the batch.
    fileprivate mutating func writeAndRecall(to store: some BreakerStore) throws -> [Journal.Change] {
        let batch = batch()
        try store.write(batch)
        return batch.changes
    }

    /// A scenario with each kind of change in one batch.
    fileprivate static func ofEveryChange() -> Scenario {
        var scenario = Scenario()
        scenario.create("payments", actor: "ops")
        scenario.fail("payments", times: 5)
        scenario.wait(ms: 60_000)
        scenario.acquire("payments")
        for mode in Override.Mode.allCases {
            scenario.change("payments") { breaker, now, journal in
                breaker.setOverride(
                    mode,
                    reason: "drill",
                    actor: "ops",
                    expiresInMs: mode == .shadow ? nil : 60_000,
                    at: now,
                    journal: &journal
                )
            }
        }
        scenario.wait(ms: 1)
        for actor in ["ops", nil] {
            scenario.change("payments") { breaker, now, journal in
                breaker.changePolicy(to: Preset.flaky.policy, source: .api, actor: actor, at: now, journal: &journal)
            }
        }
        scenario.delete("payments", actor: "ops")
        return scenario
    }
}
