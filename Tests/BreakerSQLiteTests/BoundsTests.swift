import BreakerStorage
import CSQLite
import FaultyDisk
import StoreContract
import TestSupport
import Testing

@testable import BreakerCore
@testable import BreakerSQLite

@Suite("The bounds of a database")
struct BoundsTests {
    @Test("A long storm of failures, reports and transitions does not make the database or its tables grow")
    func storm() throws {
        let location = try SQLiteLocation(in: .memory)
        var retention = Retention()
        retention.failuresPerBreaker = 100
        retention.failures = 500
        retention.transitionsPerBreaker = 20
        retention.receipts = 300
        retention.changes = 200
        let store = try location.open(retention)
        var scenario = Scenario()
        let names = (0..<20).map { "breaker-\($0)" }
        for name in names { scenario.create(name, ["failure_threshold": .integer(20)]) }
        var pages: [Int64] = []
        var number = 0
        for round in 0..<60 {
            for name in names {
                for _ in 0..<(name.hasSuffix("7") ? 60 : 19) {
                    number += 1
                    scenario.report(name, Report(.failure, detail: "no answer of \(number)", id: "r\(number)"))
                }
                scenario.reset(name)
            }
            try scenario.write(to: store)
            scenario.wait(ms: 1_000)
            if round % 20 == 19 { pages.append(try #require(try store.connection.integer("PRAGMA page_count"))) }
        }
        #expect(pages[2] <= pages[0] + pages[0] / 10, "\(pages)")
        let failures = try #require(try store.connection.integer("SELECT count(*) FROM failures"))
        #expect((450...500).contains(failures))
        #expect(try store.connection.integer("SELECT count(*) FROM transitions") == 20 * 20)
        #expect(try store.connection.integer("SELECT count(*) FROM report_ids") == 300)
        #expect(try store.connection.integer("SELECT count(*) FROM changes") == 200)
        #expect(try store.connection.texts("PRAGMA integrity_check") == ["ok"])
    }

    @Test(
        "The WAL restarts after a checkpoint, or once a reader that holds it back has ended",
        arguments: [false, true]
    )
    func wal(withReader: Bool) throws {
        let location = try SQLiteLocation(in: .memory)
        let store = try location.open()
        var batches = LargeBatches()
        try store.write(batches.next())
        let reader = try Connection(path: location.database, access: .readOnly, vfs: nil)
        if withReader {
            try reader.execute("BEGIN")
            #expect(try reader.integer("SELECT revision FROM server") == 1)
        }
        var longest = 0
        for _ in 1...40 {
            try store.write(batches.next())
            try store.checkpoint()
            longest = max(longest, store.connection.walPages)
        }
        if withReader {
            #expect(longest > 2 * CheckpointSchedule.interval)
            #expect(try reader.integer("SELECT revision FROM server") == 1)
            try reader.execute("COMMIT")
            longest = 0
            for number in 41...80 {
                try store.write(batches.next())
                try store.checkpoint()
                if number > 60 { longest = max(longest, store.connection.walPages) }
            }
        }
        #expect(longest >= CheckpointSchedule.interval, "no checkpoint was ever due")
        #expect(longest < 2 * CheckpointSchedule.interval)
        let limit = 2 * CheckpointSchedule.interval * 4_096
        #expect(try location.folder.length("fusebox.db-wal") <= limit)
    }

    @Test("Look-ups of report ids share a transaction, which ends at the next write or checkpoint")
    func endsReading() throws {
        let location = try SQLiteLocation(in: .memory)
        let store = try location.open()
        var scenario = Scenario()
        scenario.create("payments")
        scenario.report("payments", Report(.success, id: "known"))
        try scenario.write(to: store)
        func lookUp() throws {
            for (id, isKnown) in [("known", true), ("unknown", false)] {
                let receipt = try store.receipt(forReport: id, ofBreaker: scenario["payments"].id)
                #expect((receipt != nil) == isKnown)
            }
            #expect(store.connection.isInTransaction)
        }
        try lookUp()
        scenario.fail("payments")
        try scenario.write(to: store)
        #expect(!store.connection.isInTransaction)
        try lookUp()
        try store.checkpoint()
        #expect(!store.connection.isInTransaction)
        try lookUp()
        store.close()
        #expect(try !location.folder.names.contains("fusebox.db-wal"), "the WAL is put away")
    }

    @Test("The report ids of a deleted breaker are deleted in steps, and its successor has none of them")
    func deletedReceipts() throws {
        let location = try SQLiteLocation(in: .memory)
        let store = try location.open()
        var scenario = Scenario()
        for name in ["large", "small"] {
            scenario.create(name)
            for number in 0..<(name == "large" ? 600 : 100) {
                scenario.report(name, Report(.success, id: "r\(number)"))
            }
        }
        try scenario.write(to: store)
        for name in ["large", "small"] { scenario.delete(name) }
        scenario.create("large")
        var rows: [Int64] = []
        for step in 0..<4 {
            try scenario.write(to: store)
            rows.append(try #require(try store.connection.integer("SELECT count(*) FROM report_ids")))
            for number in 0..<600 where step == 0 {
                #expect(try store.receipt(forReport: "r\(number)", ofBreaker: scenario["large"].id) == nil)
            }
        }
        #expect(rows == [444, 188, 0, 0])
        #expect(store.evictions.isEmpty)
    }

    @Test("The report ids that a stop leaves of a deleted breaker expire")
    func deletedReceiptsAfterRestart() throws {
        let location = try SQLiteLocation(in: .memory)
        let store = try location.open()
        var scenario = Scenario()
        scenario.create("payments")
        for number in 0..<300 { scenario.report("payments", Report(.success, id: "r\(number)")) }
        try scenario.write(to: store)
        scenario.delete("payments")
        try scenario.write(to: store)
        store.close()
        let again = try location.open()
        for (elapsedMs, rows) in [(Receipt.lifetimeMs - 1, 44), (Receipt.lifetimeMs, 0)] as [(Int64, Int64)] {
            let at = Instant.start.advanced(byMilliseconds: elapsedMs)
            try again.write(WriteBatch(at: at, revision: scenario.panel.revision))
            #expect(try again.connection.integer("SELECT count(*) FROM report_ids") == rows)
        }
    }

    @Test("A batch whose commit failed does not count towards the limits")
    func failedCommits() throws {
        let location = try SQLiteLocation(in: .memory)
        let disk = FaultyDisk()
        var retention = Retention()
        retention.failures = 120
        retention.receipts = 30
        retention.transitionsPerBreaker = 5
        let store = try SQLiteStore.open(path: location.database, retention: retention, at: .start, vfs: disk.name)
        defer { store.close() }
        var scenario = Scenario()
        scenario.create("payments", ["failure_threshold": .null])
        func count(_ table: String) throws -> Int64? {
            try store.connection.integer("SELECT count(*) FROM \(table)")
        }
        let quiet = "SELECT count(*) FROM report_ids WHERE client = 'quiet'"
        func more(_ number: Int, in scenario: inout Scenario) {
            scenario.fail("payments", times: 50 * number)
            for id in 0..<10 {
                scenario.report("payments", Report(.success, id: "\(number)-\(id)"), from: id < 2 ? "quiet" : "busy")
            }
            scenario.reset("payments")
        }
        more(1, in: &scenario)
        try scenario.write(to: store)
        disk.fail(1, of: [.sync], with: FaultyDisk.syncFailed, forGood: true)
        for number in [20, 21, 22] {
            var attempt = scenario
            more(number, in: &attempt)
            let error = #expect(throws: StoreError.self) { try attempt.write(to: store) }
            #expect(error?.code == .outcomeUnknown)
        }
        disk.heal()
        for (number, failures, receipts) in [(2, 120, 20), (3, 120, 30), (4, 120, 30)] {
            more(number, in: &scenario)
            try scenario.write(to: store)
            let kept = try #require(try count("failures"))
            #expect((100...Int64(failures)).contains(kept))
            #expect(try count("report_ids") == Int64(receipts))
            #expect(try count("transitions") == Int64(number))
            #expect(store.evictions[.reportIDs].rows == max(0, number * 10 - 30))
            #expect(try store.connection.integer(quiet) == Int64(2 * number))
        }
    }

    @Test("On a full disk a batch is refused and stored data stays readable, and with space writes succeed again")
    func fullDisk() throws {
        let location = try SQLiteLocation(in: .memory)
        let store = try location.open()
        var scenario = Scenario.withHistory()
        try scenario.write(to: store)
        let committed = scenario.panel
        let pages = try #require(try store.connection.integer("PRAGMA page_count"))
        #expect(try store.connection.integer("PRAGMA max_page_count = \(pages)") == pages)
        for _ in 0..<3 {
            var attempt = scenario
            for _ in 0..<200 {
                attempt.report("payments", Report(.failure, detail: String(repeating: "x", count: 500)))
            }
            let error = #expect(throws: StoreError.self) { try attempt.write(to: store) }
            #expect(error?.code == .unavailable)
            #expect(try store.load() == committed)
            #expect(
                try location.reader().failures(ofBreaker: scenario["payments"].id, before: nil, limit: 999).count == 100
            )
        }
        // A batch that takes no more room is how the writer tests whether the disk has space again.
        try store.write(WriteBatch(at: .start, revision: committed.revision))
        try store.connection.execute("PRAGMA max_page_count = 1000000")
        for _ in 0..<200 { scenario.report("payments", Report(.failure, detail: String(repeating: "x", count: 500))) }
        try scenario.write(to: store)
        #expect(try store.load() == scenario.panel)
        #expect(try store.connection.integer("SELECT count(*) FROM failures") == 500)
    }
}

/// Batches that change about 300 pages each.
private struct LargeBatches {
    private static let rows = 2_000
    private let first: WriteBatch
    private var number: Int64 = 0

    init() {
        var scenario = Scenario()
        scenario.create("payments", ["failure_threshold": .null])
        let report = Report(.failure, detail: String(repeating: "x", count: 500))
        for _ in 0..<Self.rows { scenario.report("payments", report) }
        first = scenario.batch()
    }

    /// The first batch with later numbers for its failures.
    mutating func next() -> WriteBatch {
        var batch = first
        for index in batch.failures.indices { batch.failures[index].failure.number += number }
        batch.breakers[0].breaker.failureRows += number
        if number > 0 { batch.changes = [] }
        number += Int64(Self.rows)
        return batch
    }
}
