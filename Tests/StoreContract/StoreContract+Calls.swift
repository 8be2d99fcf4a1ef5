import BreakerCore
import BreakerStorage
import Testing

extension StoreContract {
    static var callClauses: [Clause] {
        [
            Clause("The counts of a minute add up over batches and a restart") { location in
                var store = try location.open()
                try write([row(1, at: 0, failures: 2), row(1, at: 1, failures: 4)], to: store)
                try write([row(1, at: 1, failures: 8), row(2, at: 1, failures: 16)], to: store)
                store.close()
                store = try location.open()
                try write([row(1, at: 1, failures: 32)], to: store)
                #expect(try failures(in: location, of: [1, 2], minutes: 3) == [[2, 44, 0], [0, 16, 0]])
            },
            Clause("Every kind of count of a minute is kept separately") { location in
                let store = try location.open()
                var tally = CallTally()
                (tally.successes, tally.failures, tally.slow) = (1, 2, 3)
                (tally.ignored, tally.allowed, tally.denied) = (4, 5, 6)
                let row = WriteBatch.CallRow(breakerID: 7, minute: first, tally: tally)
                try write([row, row], to: store)
                tally += tally
                let reader = try location.reader()
                #expect(try reader.calls(ofBreakers: [7], in: steps(minutes: 1)).first?.tallies == [tally])
            },
            Clause("Minutes are added up in steps, and minutes outside the steps are left out") { location in
                let store = try location.open()
                try write((0...7).map { row(1, at: $0, failures: 1 << $0) }, to: store)
                // The first minute has an odd number, so a step of two minutes begins before or after it.
                let steps = CallHistory.Steps(from: minute(1).start, to: minute(7).start, length: 2)
                let history = try location.reader().calls(ofBreakers: [1], in: steps)
                #expect(history.first?.tallies.map(\.failures) == [2 + 4, 8 + 16, 32 + 64])
            },
            Clause("Minutes are removed once they are older than the retention") { location in
                var retention = Retention()
                retention.callAgeMs = 3 * Minute.milliseconds
                let store = try location.open(retention)
                try write([row(1, at: 0, failures: 1)], at: 0, to: store)
                try write([row(1, at: 3, failures: 2)], at: 3, to: store)
                #expect(try failures(in: location, of: [1], minutes: 4) == [[1, 0, 0, 2]])
                try write([], at: 4, to: store)
                #expect(try failures(in: location, of: [1], minutes: 4) == [[0, 0, 0, 2]])
            },
            Clause("Beyond the limit of minutes the oldest are removed, even those from before the limit was lowered") {
                location in
                var retention = Retention()
                retention.callMinutes = 3
                var store = try location.open()
                try write(
                    [row(1, at: 0, failures: 1), row(2, at: 0, failures: 1), row(1, at: 1, failures: 1)],
                    to: store
                )
                store.close()
                store = try location.open(retention)
                #expect(try failures(in: location, of: [1, 2], minutes: 3) == [[1, 1, 0], [1, 0, 0]])
                try write([row(2, at: 2, failures: 1)], to: store)
                #expect(try failures(in: location, of: [1, 2], minutes: 3) == [[0, 1, 0], [1, 0, 1]])
                try write([row(2, at: 2, failures: 1)], to: store)
                #expect(try failures(in: location, of: [1, 2], minutes: 3) == [[0, 1, 0], [1, 0, 2]])
            },
            Clause("Beyond the limit an old minute that is stored late is removed first") { location in
                var retention = Retention()
                retention.callMinutes = 2
                let store = try location.open(retention)
                try write([row(1, at: 2, failures: 1)], to: store)
                try write([row(1, at: 3, failures: 2)], to: store)
                try write([row(1, at: 4, failures: 4)], to: store)
                try write([row(1, at: 1, failures: 8)], to: store)
                #expect(try failures(in: location, of: [1], minutes: 5) == [[0, 0, 0, 2, 4]])
            },
            Clause("The failures of a period come newest first, with its start included and its end excluded") {
                location in
                let store = try location.open()
                var scenario = Scenario()
                scenario.create("payments", ["failure_threshold": .null])
                for _ in 1...4 {
                    scenario.fail("payments")
                    scenario.wait(ms: 10)
                }
                try scenario.write(to: store)
                let id = scenario["payments"].id
                let found = try location.reader().failures(ofBreaker: id, from: later(10), to: later(30))
                #expect(found.map(\.number) == [3, 2])
                #expect(try location.reader().failures(ofBreaker: id + 1, from: later(0), to: later(99)).isEmpty)
            },
        ]
    }

    private static var first: Minute { Minute(of: .start) }

    private static func minute(_ number: Int64) -> Minute { Minute(first.number + number) }

    private static func later(_ ms: Int64) -> Instant { Instant.start.advanced(byMilliseconds: ms) }

    private static func steps(minutes: Int64) -> CallHistory.Steps {
        CallHistory.Steps(from: first.start, to: minute(minutes).start, length: 1)
    }

    private static func row(_ breakerID: Int64, at number: Int64, failures: Int64) -> WriteBatch.CallRow {
        var tally = CallTally()
        tally.failures = failures
        return WriteBatch.CallRow(breakerID: breakerID, minute: minute(number), tally: tally)
    }

    private static func write(_ rows: [WriteBatch.CallRow], at number: Int64 = 0, to store: some BreakerStore) throws {
        var batch = WriteBatch(at: minute(number).start, revision: 0)
        batch.calls = rows
        try store.write(batch)
    }

    private static func failures(in location: Location, of breakerIDs: [Int64], minutes: Int64) throws -> [[Int64]] {
        try location.reader().calls(ofBreakers: breakerIDs, in: steps(minutes: minutes)).map { history in
            history.tallies.map(\.failures)
        }
    }
}
