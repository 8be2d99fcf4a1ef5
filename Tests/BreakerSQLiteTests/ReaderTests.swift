import BreakerCore
import BreakerStorage
import CSQLite
import FaultyDisk
import Foundation
import StoreContract
import TestSupport
import Testing

@testable import BreakerSQLite

@Suite("Readers of a database")
struct ReaderTests {
    @Test("A reader serves many threads while the store writes, and never sees a part of a batch")
    func manyThreads() async throws {
        let location = try SQLiteLocation()
        let store = try location.open()
        let reader = try location.reader()
        var scenario = Scenario()
        scenario.create("payments", ["failure_threshold": .null])
        try scenario.write(to: store)
        let id = scenario["payments"].id
        try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    var seen = 0
                    while seen < 100 {
                        let failures = try reader.failures(ofBreaker: id, before: nil, limit: 1_000)
                        // Each batch has five failures.
                        #expect(failures.count.isMultiple(of: 5) && failures.count >= seen)
                        seen = failures.count
                        await Task.yield()
                    }
                    return seen
                }
            }
            for _ in 0..<20 {
                scenario.fail("payments", times: 5)
                try scenario.write(to: store)
                try store.connection.checkpoint(.passive)
                await Task.yield()
            }
            for try await seen in group { #expect(seen == 100) }
        }
    }

    @Test("A reader's connection can neither write nor checkpoint")
    func readOnly() throws {
        let location = try SQLiteLocation()
        let store = try location.open()
        try store.write(WriteBatch(at: .start, revision: 1))
        let length = try location.folder.length("fusebox.db-wal")
        let connection = try Connection(path: location.database, access: .readOnly, vfs: nil)
        let error = #expect(throws: SQLiteError.self) { try connection.execute("UPDATE server SET revision = 2") }
        #expect(error?.code == SQLITE_READONLY)
        #expect(throws: SQLiteError.self) { try connection.checkpoint(.truncate) }
        #expect(try location.folder.length("fusebox.db-wal") == length)
    }

    @Test("A page of the audit does not decode the entries of breakers that its reader may not see")
    func auditOfScope() throws {
        let location = try SQLiteLocation()
        let store = try location.open()
        var batch = WriteBatch(at: .start, revision: 2)
        for (revision, name) in [(1, "pay"), (2, "pays")] as [(Int64, String)] {
            let entry = AuditEntry(
                revision: revision,
                at: .start,
                author: Author(actor: "ops", address: nil),
                action: .reset,
                breaker: try #require(BreakerName(name)),
                before: nil,
                after: nil
            )
            batch.audit.append(entry)
        }
        try store.write(batch)
        // Such a row is damage, which a reader reports when it decodes the row.
        try store.connection.execute("PRAGMA ignore_check_constraints = ON")
        try store.connection.execute("UPDATE audit SET action = 'other' WHERE breaker = 'pays'")
        let reader = try location.reader()
        #expect(throws: StoreError.self) { _ = try reader.audit(AuditFilter(), before: nil, limit: 10) }
        var filter = AuditFilter()
        filter.visible = try NameScope("=pay,pay:")
        #expect(try reader.audit(filter, before: nil, limit: 10).map(\.breaker.value) == ["pay"])
    }

    @Test("A closed reader refuses reads, and the store then removes its WAL when it closes")
    func close() throws {
        let location = try SQLiteLocation()
        let store = try location.open()
        let reader = try location.reader()
        try store.write(WriteBatch(at: .start, revision: 1))
        #expect(try reader.failures(ofBreaker: 1, before: nil, limit: 1) == [])
        reader.close()
        store.close()
        #expect(try location.folder.names == ["fusebox.db", "fusebox.db.lock"])
        let error = StoreError(.unavailable, "the reader of \(location.database) is closed")
        #expect(throws: error) { try reader.failures(ofBreaker: 1, before: nil, limit: 1) }
        #expect(throws: error) { try reader.backUp() }
    }

    @Test("A closed reader refuses a backup")
    func closedBackup() throws {
        let location = try SQLiteLocation(in: .memory)
        let store = try location.open()
        defer { store.close() }
        var scenario = Scenario()
        for number in 1...2_000 { scenario.create("breaker-\(number)") }
        try store.write(scenario.batch())
        let reader = try SQLiteReader(path: location.database)
        reader.close()
        #expect(throws: StoreError.self) { try reader.backUp() }
    }

    @Test(
        "A backup leaves no file in the database's folder, even if it fails",
        arguments: [.write, .open] as [FaultyDisk.Call]
    )
    func failingBackup(_ call: FaultyDisk.Call) throws {
        let location = try SQLiteLocation()
        let disk = FaultyDisk()
        let store = try location.open()
        var scenario = Scenario.withHistory()
        try scenario.write(to: store)
        let reader = try SQLiteReader(path: location.database, vfs: disk.name)
        defer { reader.close() }
        let names = try location.folder.names
        disk.fail(1, of: [call], with: FaultyDisk.writeFailed, forGood: true)
        let error = #expect(throws: StoreError.self) { try reader.backUp() }
        #expect(error?.code == .unavailable)
        #expect(try location.folder.names == names)
        disk.heal()
        try withExtendedLifetime(try reader.backUp()) { backup in
            #expect(try location.folder.names == names)
            try backup.save(to: location.path("backup"))
        }
        #expect(try location.openBackup(at: location.path("backup")).load() == scenario.panel)
    }

    @Test("A backup is not in WAL mode, so that SQLite puts no file beside it")
    func backupWithoutLog() throws {
        let location = try SQLiteLocation()
        let store = try location.open()
        try store.write(WriteBatch(at: .start, revision: 1))
        let copy = try TemporaryFolder()
        try location.reader().backUp().save(to: copy.path("fusebox.db"))
        try DatabaseCheck.check(copy.path("fusebox.db"))
        let connection = try Connection(path: copy.path("fusebox.db"), access: .readOnly, vfs: nil)
        #expect(try connection.texts("PRAGMA journal_mode") == ["delete"])
        #expect(try copy.names == ["fusebox.db"])
        store.close()
    }

    @Test("An open reader keeps the database's lock after its store has closed")
    func lockOutlivesStore() throws {
        let location = try SQLiteLocation()
        let store = try location.open()
        let reader = try store.reader()
        store.close()
        let error = #expect(throws: StoreError.self) { _ = try location.open() }
        #expect(error?.code == .inUse)
        reader.close()
        try location.open().close()
    }
}
