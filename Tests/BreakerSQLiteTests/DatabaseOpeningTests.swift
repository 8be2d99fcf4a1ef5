import BreakerCore
import BreakerStorage
import EmbeddedFiles
import Foundation
import StoreContract
import TestSupport
import Testing

@testable import BreakerSQLite

@Suite("Opening a database")
struct DatabaseOpeningTests {
    /// Damage to a database, or another file in its place.
    struct Damage: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var code: StoreError.Code
        /// The part of the error message that says what to do.
        var remedy: String
        var inflict: @Sendable (TemporaryFolder) throws -> Void
    }

    static let damages = [
        Damage(testDescription: "text", code: .corrupt, remedy: "replace it with a backup") { folder in
            try folder.write(Data(repeating: 0x20, count: 10_000), to: "fusebox.db")
        },
        Damage(testDescription: "a few bytes", code: .corrupt, remedy: "replace it with a backup") { folder in
            try folder.write(Data([1, 2, 3]), to: "fusebox.db")
        },
        Damage(testDescription: "half of the file", code: .corrupt, remedy: "replace it with a backup") { folder in
            let bytes = try folder.bytes("fusebox.db")
            try folder.write(bytes.prefix(bytes.count / 2), to: "fusebox.db")
        },
        Damage(testDescription: "a log without its database", code: .corrupt, remedy: "replace it with a backup") {
            folder in
            try FileManager.default.removeItem(atPath: folder.path("fusebox.db"))
            try folder.write(Data(repeating: 1, count: 4_152), to: "fusebox.db-wal")
        },
        Damage(testDescription: "another program's id", code: .incompatible, remedy: "choose another path") { folder in
            try folder.execute("PRAGMA application_id = 1")
        },
        Damage(testDescription: "another program's table", code: .incompatible, remedy: "choose another path") {
            folder in
            try FileManager.default.removeItem(atPath: folder.path("fusebox.db"))
            try folder.write(Data(), to: "fusebox.db")
            try folder.execute("CREATE TABLE guests (name TEXT)")
        },
        Damage(testDescription: "a migration of the future", code: .incompatible, remedy: "run the version") { folder in
            try folder.execute("INSERT INTO migrations VALUES ('9999_future.sql', 'x', 0)")
        },
        Damage(testDescription: "another text of a migration", code: .incompatible, remedy: "run the version") {
            folder in try folder.execute("UPDATE migrations SET sha256 = 'x'")
        },
    ]

    @Test("A name that SQLite uses for parts of a database is refused", arguments: DatabaseParts.endings)
    func parts(ending: String) throws {
        let folder = try TemporaryFolder()
        let error = #expect(throws: StoreError.self) {
            _ = try SQLiteStore.open(path: folder.path("fusebox.db" + ending), at: Instant(milliseconds: 0))
        }
        #expect(error?.message.contains("ends with \(ending)") == true, "\(String(describing: error))")
        #expect(try folder.names == [])
    }

    @Test("A file that is not a usable database is refused with a remedy and left unchanged", arguments: damages)
    func refusal(_ damage: Damage) throws {
        let location = try SQLiteLocation()
        var scenario = Scenario.withHistory()
        let store = try location.open()
        try scenario.write(to: store)
        store.close()
        try damage.inflict(location.folder)
        let before = try location.folder.names.map { ($0, try location.folder.bytes($0)) }
        for _ in 0..<2 {
            let error = #expect(throws: StoreError.self) { _ = try location.open() }
            #expect(error?.code == damage.code)
            #expect(error?.message.contains(location.database) == true)
            #expect(error?.message.contains(damage.remedy) == true, "\(String(describing: error))")
        }
        for (name, bytes) in before where name != "fusebox.db.lock" {
            #expect(try location.folder.bytes(name) == bytes, "\(name)")
        }
        #expect(
            try location.folder.names.filter { $0.hasSuffix(".db") } == before.map(\.0).filter { $0.hasSuffix(".db") }
        )
    }

    @Test("After a crash an open checks the database for damage first", arguments: [false, true])
    func uncleanStop(isDamaged: Bool) throws {
        let location = try SQLiteLocation()
        let store = try location.open()
        var scenario = Scenario.withHistory()
        try scenario.write(to: store)
        try store.connection.checkpoint(.truncate)
        scenario.wait(ms: 1)
        try scenario.write(to: store)
        let crashed = try location.folder.copy()
        if isDamaged {
            // The middle of the file has rows of failures.
            var bytes = try crashed.bytes("fusebox.db")
            let middle = bytes.count / 2 / 4_096 * 4_096
            bytes.replaceSubrange(middle..<middle + 64, with: Data(repeating: 0xff, count: 64))
            try crashed.write(bytes, to: "fusebox.db")
            let error = #expect(throws: StoreError.self) {
                _ = try SQLiteStore.open(path: crashed.path("fusebox.db"), at: .start)
            }
            #expect(error?.code == .corrupt)
            #expect(try crashed.bytes("fusebox.db") == bytes)
            #expect(try crashed.length("fusebox.db-wal") > 0)
        } else {
            let again = try SQLiteStore.open(path: crashed.path("fusebox.db"), at: .start)
            #expect(try again.load() == scenario.panel)
        }
    }

    @Test(
        "A path at which no database can be is refused and leaves no file",
        arguments: ["missing/fusebox.db", "file/fusebox.db", "", ".", "folder"]
    )
    func noPlace(_ name: String) throws {
        let folder = try TemporaryFolder()
        try folder.write(Data(), to: "file")
        try FileManager.default.createDirectory(atPath: folder.path("folder"), withIntermediateDirectories: false)
        let path = name.isEmpty ? "" : folder.path(name)
        let error = #expect(throws: StoreError.self) { _ = try SQLiteStore.open(path: path, at: .start) }
        #expect(error?.code == .unavailable)
        #expect(try folder.names == ["file", "folder"])
        #expect(!FileManager.default.fileExists(atPath: folder.path + ".lock"))
    }

    @Test(
        "A database is refused if its folder or its file is read-only",
        .enabled(if: geteuid() != 0, "permissions do not bind root"),
        arguments: [("folder", 0o500), ("fusebox.db", 0o400)]
    )
    func readOnly(what: String, mode: Int) throws {
        let location = try SQLiteLocation()
        try location.open().close()
        let path = what == "folder" ? location.folder.path : location.database
        try FileManager.default.removeItem(atPath: location.database + ".lock")
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
        let error = #expect(throws: StoreError.self) { _ = try location.open() }
        #expect(error?.code == .unavailable)
        try FileManager.default.setAttributes([.posixPermissions: 0o700], ofItemAtPath: path)
    }

    @Test("A symbolic link to a database leads to the same database and lock")
    func paths() throws {
        let location = try SQLiteLocation()
        let store = try location.open()
        try store.write(WriteBatch(at: .start, revision: 3))
        let link = location.folder.path("link.db")
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: "fusebox.db")
        let error = #expect(throws: StoreError.self) { _ = try SQLiteStore.open(path: link, at: .start) }
        #expect(error?.code == .inUse)
        store.close()
        #expect(try SQLiteStore.open(path: link, at: .start).load().revision == 3)
    }
}

extension TemporaryFolder {
    /// Changes the database as another program would.
    func execute(_ sql: String) throws {
        try Connection(path: path("fusebox.db"), access: .readWrite, vfs: nil).execute(sql)
    }
}

extension Scenario {
    /// A scenario whose database has several pages.
    static func withHistory() -> Scenario {
        var scenario = Scenario()
        for name in ["payments", "search", "stock"] {
            scenario.create(name, ["failure_threshold": .null])
            for _ in 0..<100 {
                scenario.report(name, Report(.failure, detail: String(repeating: "no answer ", count: 40)))
            }
        }
        return scenario
    }
}
