import BreakerCore
import BreakerStorage
import EmbeddedFiles
import Foundation
import StoreContract
import TestSupport
import Testing

@testable import BreakerSQLite

@Suite("The restore of a backup")
struct RestoredCopyTests {
    @Test(
        "A copy that an earlier version has made is accepted, although it lacks columns of this version",
        arguments: ["0006", "0009", "0012", "9999"]
    )
    func earlier(number: String) throws {
        let location = try SQLiteLocation()
        _ = try FilePath(location.database).create()
        do {
            let connection = try Connection(path: location.database, access: .readWrite, vfs: nil)
            let migrator = Migrator(EmbeddedFiles.migrations.filter { $0.name < number })
            try migrator.apply(migrator.migrations, on: connection, at: .start)
            if number > "0006" { try connection.execute("UPDATE server SET epoch = 1") }
            if number > "0009" { try connection.execute("UPDATE server SET session_key = zeroblob(32)") }
        }
        try RestoredCopy.prepare(location.database, of: "copy.db")
        let connection = try Connection(path: location.database, access: .readOnly, vfs: nil)
        if number > "0006" { #expect(try connection.integer("SELECT epoch IS NULL FROM server") == 1) }
        if number > "0009" { #expect(try connection.integer("SELECT session_key IS NULL FROM server") == 1) }
    }

    @Test("A database is set aside together with its log, and no server can start with it in the meantime")
    func aside() throws {
        let folder = try TemporaryFolder()
        let path = folder.path("fusebox.db")
        try SQLiteStore.open(path: path, at: .start).close()
        try folder.write(Data("log".utf8), to: "fusebox.db-wal")
        let database = try StoppedDatabase(path)
        #expect(database.exists)
        let error = #expect(throws: StoreError.self) { _ = try SQLiteStore.open(path: path, at: .start) }
        #expect(error?.code == .inUse)
        let other = try database.setAside(with: ".old")
        #expect(other == database.path + ".old")
        #expect(try folder.names == ["fusebox.db.lock", "fusebox.db.old", "fusebox.db.old-wal"])
    }

    @Test("A database that is set aside replaces no file", arguments: ["", "-wal"])
    func replacesNothing(part: String) throws {
        let folder = try TemporaryFolder()
        let path = folder.path("fusebox.db")
        try SQLiteStore.open(path: path, at: .start).close()
        try folder.write(Data("mine".utf8), to: "fusebox.db.old" + part)
        let names = try folder.names
        let database = try StoppedDatabase(path)
        let error = #expect(throws: StoreError.self) { try database.setAside(with: ".old") }
        #expect(error?.message == "\(database.path).old\(part) already exists; retry")
        #expect(try folder.names == names)
        #expect(try folder.bytes("fusebox.db.old" + part) == Data("mine".utf8))
    }
}
