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

    /// Writes until a write is refused. A moved file is noticed within a second.
    private func refusal(of store: SQLiteStore) -> StoreError? {
        let start = ContinuousClock.now
        while start.duration(to: .now) < .seconds(30) {
            do throws(StoreError) {
                try store.write(WriteBatch(at: .start, revision: 1))
            } catch {
                return error
            }
        }
        return nil
    }

    private static let files = ["fusebox.db", "fusebox.db-wal"]

    @Test("The write after a file was removed or replaced is refused", arguments: files, [false, true])
    func removed(name: String, isReplaced: Bool) throws {
        let store = try openStore()
        if isReplaced {
            try location.folder.write(Data("another file".utf8), to: "other")
            try #require(rename(location.path("other"), location.path(name)) == 0)
        } else {
            try remove(name)
        }
        let error = #expect(throws: StoreError.self) { try store.write(WriteBatch(at: .start, revision: 2)) }
        #expect(error?.code == .unavailable)
        #expect(error?.message.contains("/\(name) was removed or replaced while the server was running; ") == true)
        #expect(try store.reload([]).revision == 1)
    }

    @Test(
        "A store refuses writes and new readers while its database or its log has another name",
        arguments: files,
        [false, true]
    )
    func moved(name: String, isReplaced: Bool) throws {
        let store = try openStore()
        try move(name, to: "moved")
        if isReplaced { try location.folder.write(Data("another file".utf8), to: name) }
        #expect(throws: StoreError.self) { _ = try store.reader() }
        let error = refusal(of: store)
        #expect(error?.code == .unavailable)
        #expect(error?.message.contains("/\(name) was removed or replaced while the server was running; ") == true)
        #expect(throws: StoreError.self) { try store.write(WriteBatch(at: .start, revision: 2)) }
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
