import BreakerCore
import BreakerStorage
import Testing

extension StoreContract {
    static var failureClauses: [Clause] {
        [
            Clause("Failures come in pages, the newest first") { location in
                let store = try location.open()
                let reader = try location.reader()
                var scenario = Scenario()
                for name in ["payments", "search"] { scenario.create(name, ["failure_threshold": .null]) }
                var expected: [Failure] = []
                for number in 1...7 {
                    scenario.report("payments", Report(.failure, durationMs: Int64(number), count: number))
                    scenario.fail("search")
                    expected.insert(try #require(scenario["payments"].lastFailure), at: 0)
                    scenario.wait(ms: 1)
                }
                try scenario.write(to: store)
                let id = scenario["payments"].id
                #expect(try reader.failures(ofBreaker: id, before: nil, limit: 3) == Array(expected[..<3]))
                #expect(try reader.failures(ofBreaker: id, before: 5, limit: 3) == Array(expected[3..<6]))
                #expect(try reader.failures(ofBreaker: id, before: 2, limit: 3) == Array(expected[6...]))
                #expect(try reader.failures(ofBreaker: id, before: 1, limit: 3) == [])
                #expect(try reader.failures(ofBreaker: 99, before: nil, limit: 3) == [])
            },
            Clause("A store keeps exactly the newest failures of each breaker up to the limit") { location in
                var retention = Retention()
                retention.failuresPerBreaker = 3
                let store = try location.open(retention)
                let reader = try location.reader()
                var scenario = Scenario()
                for name in ["payments", "search"] { scenario.create(name, ["failure_threshold": .null]) }
                for (failures, kept) in [(2, [2, 1] as [Int64]), (1, [3, 2, 1]), (1, [4, 3, 2]), (9, [13, 12, 11])] {
                    scenario.fail("payments", times: failures)
                    try scenario.write(to: store)
                    #expect(try reader.numbers(of: scenario["payments"]) == kept)
                    scenario.fail("search")
                    try scenario.write(to: store)
                }
                #expect(try reader.numbers(of: scenario["search"]) == [4, 3, 2])
                #expect(try store.load() == scenario.panel)
            },
            Clause("Beyond the limit for all breakers together, the longest logs lose their oldest failures first") {
                location in
                var retention = Retention()
                retention.failures = 6
                let store = try location.open(retention)
                let reader = try location.reader()
                var scenario = Scenario()
                for name in ["long", "short", "quiet"] { scenario.create(name, ["failure_threshold": .null]) }
                scenario.fail("quiet")
                scenario.fail("long", times: 4)
                try scenario.write(to: store)
                scenario.fail("short", times: 3)
                try scenario.write(to: store)
                #expect(try reader.numbers(of: scenario["quiet"]) == [1])
                let lengths = try ["long", "short"].map { try reader.numbers(of: scenario[$0]).count }
                #expect(lengths.sorted() == [2, 3])
                scenario.fail("short", times: 20)
                try scenario.write(to: store)
                #expect(try reader.numbers(of: scenario["quiet"]) == [1])
                #expect(try reader.numbers(of: scenario["long"]).first == 4)
                #expect(try reader.numbers(of: scenario["short"]).first == 23)
                let kept = try ["long", "short", "quiet"].map { try reader.numbers(of: scenario[$0]).count }
                #expect(kept.reduce(0, +) == 6)
                #expect(try store.load() == scenario.panel)
            },
            Clause("A lowered limit of failures is reached within the next batches") { location in
                var scenario = Scenario()
                var store = try location.open()
                for name in ["payments", "search"] {
                    scenario.create(name, ["failure_threshold": .null])
                    scenario.fail(name, times: 400)
                }
                try scenario.write(to: store)
                store.close()
                var retention = Retention()
                retention.failures = 10
                store = try location.open(retention)
                for _ in 0..<8 {
                    scenario.wait(ms: 1)
                    try scenario.write(to: store)
                }
                let reader = try location.reader()
                let kept = try ["payments", "search"].map { try reader.numbers(of: scenario[$0]) }
                #expect(kept.map(\.count).reduce(0, +) == 10)
                #expect(kept.allSatisfy { $0.first == 400 })
            },
            Clause("Failures are removed when they are too old, except the newest of each breaker") { location in
                var retention = Retention()
                retention.failureAgeMs = 3_600_000
                let store = try location.open(retention)
                let reader = try location.reader()
                var scenario = Scenario()
                for name in ["quiet", "busy"] { scenario.create(name, ["failure_threshold": .null]) }
                scenario.fail("quiet", times: 3)
                scenario.fail("busy", times: 3)
                try scenario.write(to: store)
                scenario.wait(ms: 3_599_999)
                scenario.fail("busy")
                try scenario.write(to: store)
                #expect(try reader.numbers(of: scenario["quiet"]) == [3, 2, 1])
                #expect(try reader.numbers(of: scenario["busy"]) == [4, 3, 2, 1])
                // The store looks at every breaker within a minute.
                scenario.wait(ms: 60_000)
                try scenario.write(to: store)
                #expect(try reader.numbers(of: scenario["quiet"]) == [3])
                #expect(try reader.numbers(of: scenario["busy"]) == [4])
                #expect(try store.load() == scenario.panel)
            },
        ]
    }
}

extension BreakerReader {
    /// The numbers of a breaker's kept failures, the newest first.
    func numbers(of breaker: Breaker) throws -> [Int64] {
        try failures(ofBreaker: breaker.id, before: nil, limit: 10_000).map(\.number)
    }
}
