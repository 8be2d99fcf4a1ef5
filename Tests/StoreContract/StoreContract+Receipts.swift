import BreakerCore
import BreakerStorage
import Testing

extension StoreContract {
    static var receiptClauses: [Clause] {
        [
            Clause("A receipt loads as it was stored, for its breaker only, also when the store is opened again") {
                location in
                var scenario = Scenario()
                for name in ["payments", "search"] { scenario.create(name) }
                let (payments, search) = (scenario["payments"].id, scenario["search"].id)
                let store = try location.open()
                try scenario.write(to: store)
                var batch = WriteBatch(at: .start, revision: scenario.panel.revision)
                for (id, receipt) in everyReceipt {
                    batch.receipts.append(
                        .init(breakerID: payments, reportID: id, receipt: receipt, client: "checkout")
                    )
                }
                try store.write(batch)
                store.close()
                let again = try location.open()
                for (id, receipt) in everyReceipt {
                    #expect(try again.receipt(forReport: id, ofBreaker: payments) == receipt)
                    #expect(try again.receipt(forReport: id, ofBreaker: search) == nil)
                }
                #expect(try again.receipt(forReport: "unknown", ofBreaker: payments) == nil)
            },
            Clause("A later receipt of a report replaces the earlier one and counts as the newer for eviction") {
                location in
                var retention = Retention()
                retention.receipts = 2
                let store = try location.open(retention)
                var scenario = Scenario()
                scenario.create("payments")
                let id = scenario["payments"].id
                for report in ["a", "b", "a"] {
                    scenario.report("payments", Report(.success, id: report))
                    try scenario.write(to: store)
                    scenario.wait(ms: 1)
                }
                #expect(
                    try store.receipt(forReport: "a", ofBreaker: id)?.at == Instant.start.advanced(byMilliseconds: 2)
                )
                #expect(store.evictions[.reportIDs].rows == 0)
                scenario.report("payments", Report(.success, id: "c"))
                try scenario.write(to: store)
                #expect(try store.receipt(forReport: "b", ofBreaker: id) == nil)
                #expect(try store.receipt(forReport: "a", ofBreaker: id) != nil)
            },
            Clause("Beyond the limit the oldest receipts are evicted, and those within their lifetime are counted") {
                location in
                var retention = Retention()
                retention.receipts = 3
                let store = try location.open(retention)
                var scenario = Scenario()
                scenario.create("payments")
                let id = scenario["payments"].id
                for (number, evicted) in [(1, 0), (2, 0), (3, 0), (4, 1), (5, 2)] {
                    scenario.report("payments", Report(.success, id: "r\(number)"))
                    try scenario.write(to: store)
                    #expect(store.evictions[.reportIDs].rows == evicted)
                }
                for (number, isKept) in [(1, false), (2, false), (3, true), (4, true), (5, true)] {
                    #expect(try (store.receipt(forReport: "r\(number)", ofBreaker: id) != nil) == isKept)
                }
            },
            Clause(
                "A client that sends too many report ids loses its own oldest, also when the store is opened again"
            ) {
                location in
                var retention = Retention()
                retention.receipts = 10
                var scenario = Scenario()
                scenario.create("payments")
                let id = scenario["payments"].id
                for report in ["q1", "q2", "q3"] {
                    scenario.report("payments", Report(.success, id: report), from: "quiet")
                }
                for start in 0...1 {
                    let store = try location.open(retention)
                    for number in (start * 20)..<(start * 20 + 20) {
                        scenario.report("payments", Report(.success, id: "b\(number)"), from: "busy")
                        if number % 3 == 0 { try scenario.write(to: store) }
                    }
                    try scenario.write(to: store)
                    for report in ["q1", "q2", "q3"] {
                        #expect(try store.receipt(forReport: report, ofBreaker: id) != nil)
                    }
                    for number in 0..<(start * 20 + 20) {
                        let isKept = try store.receipt(forReport: "b\(number)", ofBreaker: id) != nil
                        #expect(isKept == (number >= start * 20 + 13), "b\(number)")
                    }
                    #expect(store.evictions[.reportIDs].rows == (start == 0 ? 13 : 20))
                    #expect(store.evictions[.reportIDs].token == "busy")
                    store.close()
                }
            },
            Clause(
                "A client within an equal share of the limit loses no report id, even if other clients send too many"
            ) {
                location in
                var retention = Retention()
                retention.receipts = 40
                let store = try location.open(retention)
                var scenario = Scenario()
                scenario.create("payments")
                let id = scenario["payments"].id
                for number in 0..<10 { scenario.report("payments", Report(.success, id: "q\(number)"), from: "quiet") }
                try scenario.write(to: store)
                for number in 0..<100 {
                    for client in ["busy-1", "busy-2", "busy-3"] {
                        scenario.report("payments", Report(.success, id: "\(client) \(number)"), from: client)
                    }
                    if number % 7 == 0 { try scenario.write(to: store) }
                }
                try scenario.write(to: store)
                for number in 0..<10 {
                    #expect(try store.receipt(forReport: "q\(number)", ofBreaker: id) != nil, "q\(number)")
                }
                for client in ["busy-1", "busy-2", "busy-3"] {
                    let kept = try (0..<100).filter {
                        try store.receipt(forReport: "\(client) \($0)", ofBreaker: id) != nil
                    }
                    #expect(kept == Array(90..<100), "\(client)")
                }
            },
            Clause(
                "Report ids that were deleted with their breaker, or replaced, do not count in their client's share"
            ) {
                location in
                var retention = Retention()
                retention.receipts = 10
                let store = try location.open(retention)
                var scenario = Scenario()
                for name in ["payments", "search"] { scenario.create(name) }
                let id = scenario["payments"].id
                for number in 0..<6 {
                    scenario.report("search", Report(.success, id: "s\(number)"), from: "first")
                    if number < 4 { scenario.report("payments", Report(.success, id: "p\(number)"), from: "second") }
                }
                try scenario.write(to: store)
                scenario.delete("search")
                for _ in 0..<3 {
                    scenario.report("payments", Report(.success, id: "p0"), from: "third")
                    try scenario.write(to: store)
                }
                for number in 0..<6 { scenario.report("payments", Report(.success, id: "f\(number)"), from: "first") }
                try scenario.write(to: store)
                #expect(store.evictions.isEmpty)
                scenario.report("payments", Report(.success, id: "f6"), from: "first")
                try scenario.write(to: store)
                #expect(store.evictions[.reportIDs].rows == 1)
                #expect(try store.receipt(forReport: "f0", ofBreaker: id) == nil)
                for report in ["p0", "p1", "p2", "p3", "f1", "f6"] {
                    #expect(try store.receipt(forReport: report, ofBreaker: id) != nil, "\(report)")
                }
            },
            Clause("A receipt is kept for its lifetime, and the next batch removes it without counting an eviction") {
                location in
                let store = try location.open()
                var scenario = Scenario()
                scenario.create("payments")
                scenario.report("payments", Report(.success, id: "r"))
                let id = scenario["payments"].id
                try scenario.write(to: store)
                for (elapsedMs, isKept) in [(Receipt.lifetimeMs - 1, true), (Receipt.lifetimeMs, false)] {
                    let at = Instant.start.advanced(byMilliseconds: elapsedMs)
                    try store.write(WriteBatch(at: at, revision: scenario.panel.revision))
                    #expect(try (store.receipt(forReport: "r", ofBreaker: id) != nil) == isKept)
                }
                #expect(store.evictions[.reportIDs].rows == 0)
            },
        ]
    }

    private static var everyReceipt: [(id: String, receipt: Receipt)] {
        var receipts: [(String, Receipt)] = []
        for outcome in Outcome.allCases {
            for refusal in ReportAnswer.Refusal.allCases + [nil] {
                for permit in [nil, Permit(generation: 7), Permit(generation: .max, lease: .max)] {
                    let state = State.allCases[receipts.count % State.allCases.count]
                    let receipt = Receipt(
                        outcome: outcome,
                        permit: permit,
                        durationMs: permit.map { _ in 12 },
                        count: receipts.count + 1,
                        answer: ReportAnswer(
                            counted: receipts.count,
                            refusal: refusal,
                            state: state,
                            generation: permit?.generation ?? 0
                        ),
                        at: .start
                    )
                    receipts.append(("report-\(receipts.count)", receipt))
                }
            }
        }
        return receipts
    }
}
