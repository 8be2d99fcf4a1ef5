import BreakerCore
import BreakerSQLite
import BreakerStorage
import Foundation
import StoreContract
import TestSupport
import Testing

@Suite("A store whose files are removed or replaced while it is open")
struct RemovedFilesTests {
    private let location: SQLiteLocation

    init() throws {
        location = try SQLiteLocation()
    }

    /// Opens the store and makes a first commit.
    private func openStore() throws -> SQLiteStore {
        let store = try location.open()
        try store.write(WriteBatch(at: .start, revision: 1))
        return store
    }

    private func move(_ name: String, to other: String) throws {
        try FileManager.default.moveItem(atPath: location.path(name), toPath: location.path(other))
    }

    private func remove(_ name: String) throws {
        try FileManager.default.removeItem(atPath: location.path(name))
    }

    @Test(
        "A store refuses writes and new readers while its database or its log has another name",
        arguments: ["fusebox.db", "fusebox.db-wal"],
        [false, true]
    )
    func moved(name: String, isReplaced: Bool) throws {
        let store = try openStore()
        try move(name, to: "moved")
        if isReplaced { try location.folder.write(Data("another file".utf8), to: name) }
        let error = #expect(throws: StoreError.self) { try store.write(WriteBatch(at: .start, revision: 2)) }
        #expect(error?.code == .unavailable)
        #expect(error?.message.contains("/\(name) was removed or replaced while the server was running; ") == true)
        #expect(throws: StoreError.self) { _ = try store.reader() }
        #expect(try store.reload([]).revision == 1)

        if isReplaced { try remove(name) }
        try move("moved", to: name)
        try store.write(WriteBatch(at: .start, revision: 2))
        #expect(try store.load().revision == 2)
        _ = try store.reader()
    }

    @Test("A reader makes no backup of a database in its store's place", arguments: [false, true])
    func backup(isReplaced: Bool) throws {
        let store = try openStore()
        let reader = try store.reader()
        defer { reader.close() }
        try move("fusebox.db", to: "moved")
        if isReplaced { try location.folder.write(Data(), to: "fusebox.db") }
        let error = #expect(throws: StoreError.self) { _ = try reader.backUp() }
        #expect(error?.message.contains("/fusebox.db was removed or replaced") == true)
    }

    @Test(
        "A store whose log is removed moves its commits into the database when it closes, and deletes no other file",
        arguments: [false, true]
    )
    func close(isReplaced: Bool) throws {
        let store = try openStore()
        try remove("fusebox.db-wal")
        if isReplaced { try location.folder.write(Data("mine".utf8), to: "fusebox.db-wal") }
        store.close()
        if isReplaced {
            #expect(try location.folder.bytes("fusebox.db-wal") == Data("mine".utf8))
            try remove("fusebox.db-wal")
        }
        #expect(try location.open().load().revision == 1)
    }
}
