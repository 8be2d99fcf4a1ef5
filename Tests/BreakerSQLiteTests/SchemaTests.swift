import BreakerCore
import BreakerStorage
import StoreContract
import Testing

@testable import BreakerSQLite

@Suite("The shape of a database")
struct SchemaTests {
    @Test("policies has a column for each field of a policy, under its own name")
    func policyColumns() throws {
        let store = try SQLitePlace().open()
        let columns = try store.connection.texts("SELECT name FROM pragma_table_info('policies')")
        #expect(columns == ["breaker_id"] + PolicyField.allCases.map(\.rawValue) + ["source", "revision", "actor"])
    }

    @Test("failures has no index beside its key")
    func failureIndexes() throws {
        let store = try SQLitePlace().open()
        let origins = try store.connection.texts("SELECT origin FROM pragma_index_list('failures')")
        #expect(origins == ["pk"])
    }

    @Test("Every table is strict")
    func strict() throws {
        let store = try SQLitePlace().open()
        let loose = try store.connection.texts(
            "SELECT name FROM pragma_table_list WHERE NOT strict AND name NOT LIKE 'sqlite_%'"
        )
        #expect(loose.isEmpty)
    }

    @Test("A word that the program does not know is damage, and the message names it")
    func unknownWord() throws {
        let place = try SQLitePlace()
        let store = try place.open()
        var scenario = Scenario.withHistory()
        try scenario.write(to: store)
        try store.connection.execute("UPDATE policies SET source = 'elsewhere'")
        let error = #expect(throws: StoreError.self) { _ = try store.load() }
        #expect(error?.code == .corrupt)
        #expect(error?.cause?.contains("'elsewhere'") == true)
    }

    @Test("Batches leave a database in which SQLite finds no fault")
    func integrity() throws {
        let store = try SQLitePlace().open()
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

    @Test("The writer's connection has what durability rests on", arguments: pragmas)
    func pragma(name: String, value: String) throws {
        let store = try SQLitePlace().open()
        #expect(try store.connection.texts("PRAGMA \(name)") == [value])
    }
}
