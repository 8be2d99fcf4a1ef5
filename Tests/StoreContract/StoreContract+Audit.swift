import BreakerCore
import BreakerStorage
import Testing

extension StoreContract {
    static var auditClauses: [Clause] {
        [
            Clause("Audit entries are stored unchanged, come newest first, and outlive their breaker") { location in
                let store = try location.open()
                let reader = try location.reader()
                var scenario = Scenario()
                scenario.create("payments")
                let kept = entries(3)
                try write(kept, with: &scenario, to: store)
                scenario.delete("payments")
                try scenario.write(to: store)
                #expect(try reader.audit(AuditFilter(), before: nil, limit: 10) == kept.reversed())
                #expect(try reader.audit(AuditFilter(), before: 103, limit: 1) == [kept[1]])
                #expect(try reader.audit(AuditFilter(), before: 101, limit: 10).isEmpty)
            },
            Clause("Audit entries can be filtered by breaker, prefix, actor, action and time") { location in
                let store = try location.open()
                let reader = try location.reader()
                var scenario = Scenario()
                try write(entries(4), with: &scenario, to: store)
                func revisions(_ edit: (inout AuditFilter) -> Void) throws -> [Int64] {
                    var filter = AuditFilter()
                    edit(&filter)
                    return try reader.audit(filter, before: nil, limit: 10).map(\.revision)
                }
                #expect(try revisions { $0.breaker = .named("b:1") } == [103, 101])
                #expect(try revisions { $0.prefix = "b:2" } == [104, 102])
                #expect(
                    try revisions {
                        $0.prefix = "b:"; $0.visible = NameScope(prefix: "b:1")
                    } == [103, 101]
                )
                #expect(try revisions { $0.visible = NameScope(prefix: "a") } == [])
                let scope = try NameScope("=b:1,a")
                #expect(try revisions { $0.visible = scope } == [103, 101])
                #expect(try revisions { $0.actor = "actor-3" } == [103])
                #expect(try revisions { $0.action = .reset } == [102])
                #expect(try revisions { $0.from = later(2) } == [104, 103, 102])
                #expect(try revisions { $0.to = later(2) } == [101])
            },
            Clause("A store keeps exactly the newest audit entries up to the limit") { location in
                var retention = Retention()
                retention.audit = 3
                let store = try location.open(retention)
                let reader = try location.reader()
                var scenario = Scenario()
                for entry in entries(5) { try write([entry], with: &scenario, to: store) }
                #expect(try reader.audit(AuditFilter(), before: nil, limit: 10).map(\.revision) == [105, 104, 103])
                store.close()
                let again = try location.open(retention)
                var batch = WriteBatch(at: later(9), revision: 200)
                batch.audit = [entry(6)]
                try again.write(batch)
                let kept = try location.reader().audit(AuditFilter(), before: nil, limit: 10)
                #expect(kept.map(\.revision) == [106, 105, 104])
            },
            Clause(
                "An author of too many audit entries loses only its own oldest, also when the store is opened again"
            ) {
                location in
                var retention = Retention()
                retention.audit = 5
                var scenario = Scenario()
                for start in [Int64(0), 20] {
                    let store = try location.open(retention)
                    if start == 0 { try write([entry(1, by: "ops"), entry(2, by: "ops")], with: &scenario, to: store) }
                    for number in (start + 3)...(start + 20) {
                        try write([entry(number, by: "busy")], with: &scenario, to: store)
                    }
                    let kept = try location.reader().audit(AuditFilter(), before: nil, limit: 10).map(\.revision)
                    #expect(kept == [120 + start, 119 + start, 118 + start, 102, 101])
                    #expect(store.evictions[.audit].rows == (start == 0 ? 15 : 18))
                    #expect(store.evictions[.audit].token == "busy")
                    store.close()
                }
            },
            Clause("Without tokens each address is a separate author") { location in
                var retention = Retention()
                retention.audit = 3
                let store = try location.open(retention)
                var scenario = Scenario()
                let busy = Author(actor: Author.anonymous, address: "10.0.0.2")
                try write([entry(1, by: "ops")], with: &scenario, to: store)
                for number in Int64(2)...9 {
                    try write([entry(number, by: busy)], with: &scenario, to: store)
                }
                let kept = try location.reader().audit(AuditFilter(), before: nil, limit: 10).map(\.revision)
                #expect(kept == [109, 108, 101])
                #expect(store.evictions[.audit].rows == 6)
                #expect(store.evictions[.audit].token == nil)
            },
            Clause("Beyond the limit expired audit entries of any author are removed first, and are not counted") {
                location in
                var retention = Retention()
                retention.audit = 4
                retention.auditAgeMs = 1_000
                let store = try location.open(retention)
                var scenario = Scenario()
                try write([entry(1, by: "ops"), entry(2, by: "ops")], with: &scenario, to: store)
                try write([entry(3, by: "busy"), entry(4, by: "busy")], with: &scenario, to: store)
                for (elapsedMs, kept, evicted) in [
                    (1_000, [105, 104, 103, 102], 0), (1_001, [106, 105, 104, 103], 0),
                    (1_002, [107, 106, 105, 104], 0), (1_003, [108, 107, 106, 105], 0),
                    (1_004, [109, 108, 107, 106], 1),
                ] as [(Int64, [Int64], Int)] {
                    var next = entry(kept[0] - 100, by: "busy")
                    next.at = later(1).advanced(byMilliseconds: elapsedMs)
                    var batch = scenario.batch()
                    batch.at = next.at
                    batch.audit = [next]
                    try store.write(batch)
                    let revisions = try location.reader().audit(AuditFilter(), before: nil, limit: 10).map(\.revision)
                    #expect(revisions == kept)
                    #expect(store.evictions[.audit].rows == evicted)
                }
            },
        ]
    }

    private static func later(_ number: Int64) -> Instant { Instant.start.advanced(byMilliseconds: number) }

    private static func entries(_ count: Int64) -> [AuditEntry] { (1...count).map { entry($0) } }

    private static func entry(_ number: Int64, by actor: String) -> AuditEntry {
        entry(number, by: Author(actor: actor, address: "10.0.0.1"))
    }

    /// An entry. Those with odd numbers are of `b:1` and have no address, unless `author` has one.
    private static func entry(_ number: Int64, by author: Author? = nil) -> AuditEntry {
        let isOdd = number % 2 == 1
        return AuditEntry(
            revision: 100 + number,
            at: later(number),
            author: author ?? Author(actor: "actor-\(number)", address: isOdd ? nil : "10.0.0.1"),
            action: number == 2 ? .reset : .policy,
            breaker: .named(isOdd ? "b:1" : "b:2"),
            before: isOdd ? nil : AuditValue.override(order),
            after: number == 4 ? nil : AuditValue.state(.open, generation: number)
        )
    }

    private static var order: Override {
        Override(mode: .shadow, reason: "é \" \\", actor: "ops", since: later(1), expiresAt: later(2))
    }

    private static func write(
        _ entries: [AuditEntry],
        with scenario: inout Scenario,
        to store: some BreakerStore
    ) throws {
        var batch = scenario.batch()
        batch.audit = entries
        try store.write(batch)
    }
}
