import BreakerCore
import BreakerStorage
import StoreContract
import Testing

@testable import BreakerSQLite

@Suite("The schema of the database")
struct SchemaTests {
    @Test("The table policies has a column for each field of a policy, with the field's name")
    func policyColumns() throws {
        let store = try SQLiteLocation().open()
        let columns = try store.connection.texts("SELECT name FROM pragma_table_info('policies')")
        #expect(columns == ["breaker_id"] + PolicyField.allCases.map(\.rawValue) + ["source", "revision", "actor"])
    }

    @Test("The table failures has no index besides its primary key")
    func failureIndexes() throws {
        let store = try SQLiteLocation().open()
        let origins = try store.connection.texts("SELECT origin FROM pragma_index_list('failures')")
        #expect(origins == ["pk"])
    }

    @Test("Every table is strict")
    func strict() throws {
        let store = try SQLiteLocation().open()
        let loose = try store.connection.texts(
            "SELECT name FROM pragma_table_list WHERE NOT strict AND name NOT LIKE 'sqlite_%'"
        )
        #expect(loose.isEmpty)
    }

    @Test("An unknown word in the database is reported as damage, and the error's cause names it")
    func unknownWord() throws {
        let location = try SQLiteLocation()
        let store = try location.open()
        var scenario = Scenario.withHistory()
        try scenario.write(to: store)
        try store.connection.execute("UPDATE policies SET source = 'elsewhere'")
        let error = #expect(throws: StoreError.self) { _ = try store.load() }
        #expect(error?.code == .corrupt)
        #expect(error?.cause?.contains("'elsewhere'") == true)
    }

    @Test("SQLite's integrity checks find no fault after several batches")
    func integrity() throws {
        let location = try SQLiteLocation()
        defer { withExtendedLifetime(location) {} }
        let store = try location.open()
        var scenario = Scenario.withHistory()
        for round in 0..<5 {
            for name in ["payments", "search"] { scenario.report(name, Report(.failure, id: "r\(round)")) }
            if round == 3 { scenario.delete("stock", actor: "ops") }
            try scenario.write(to: store)
            scenario.wait(ms: 60_000)
        }
        #expect(try store.connection.texts("PRAGMA integrity_check") == ["ok"])
        #expect(try store.connection.texts("PRAGMA foreign_key_check") == [])
    }

    static let pragmas = [
        ("journal_mode", "wal"), ("synchronous", "2"), ("mmap_size", "0"), ("foreign_keys", "1"),
        ("wal_autocheckpoint", "0"), ("temp_store", "2"), ("application_id", "\(0x4675_7365)"),
    ]

    @Test("The writer's connection has the settings that durability needs", arguments: pragmas)
    func pragma(name: String, value: String) throws {
        let store = try SQLiteLocation().open()
        #expect(try store.connection.texts("PRAGMA \(name)") == [value])
    }
}

@Suite("The column of leases")
struct LeaseTextTests {
    static let cases: [([Breaker.Lease], String)] = [
        ([], ""),
        ([.init(id: 0x1f3, until: Instant(milliseconds: 1_700_000_030_000))], "00000000000001f3@1700000030000"),
        (
            [.init(id: 0, until: Instant(milliseconds: -1)), .init(id: .max, until: .distantFuture)],
            "0000000000000000@-1 ffffffffffffffff@9223372036854775807"
        ),
    ]

    @Test("Leases equal those parsed from their text", arguments: cases)
    func roundTrip(leases: [Breaker.Lease], text: String) throws {
        #expect(LeaseText.text(of: leases) == text)
        #expect(try LeaseText.leases(in: text) == leases)
    }

    @Test("A malformed text of leases is an error", arguments: ["x", "1f3@5", "00000000000001f3", "@5", "a@b@c"])
    func damage(_ text: String) {
        #expect(throws: SQLiteError.self) { try LeaseText.leases(in: text) }
    }
}
