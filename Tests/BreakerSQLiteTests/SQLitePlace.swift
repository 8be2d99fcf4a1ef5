import BreakerCore
import BreakerSQLite
import BreakerStorage
import Foundation
import StoreContract

/// A folder of its own; it goes with the last reference.
final class TemporaryFolder {
    enum Medium: String {
        case disk
        /// For tests of thousands of syncs that prove nothing about the disk below. The disk where there is no such
        /// thing.
        case memory = "/dev/shm"
    }

    let path: String

    init(in medium: Medium = .disk) throws {
        var parent = FileManager.default.temporaryDirectory.path
        if medium == .memory, FileManager.default.isWritableFile(atPath: medium.rawValue) { parent = medium.rawValue }
        let template = "\(parent)/fusebox-XXXXXX"
        var name = Array(template.utf8CString)
        guard let made = mkdtemp(&name) else { throw CocoaError(.fileWriteUnknown) }
        path = String(cString: made)
    }

    deinit {
        try? FileManager.default.removeItem(atPath: path)
    }

    func path(_ name: String) -> String { "\(path)/\(name)" }

    /// The files in the folder, in order of name.
    var names: [String] {
        get throws { try FileManager.default.contentsOfDirectory(atPath: path).sorted() }
    }

    func bytes(_ name: String) throws -> Data {
        try Data(contentsOf: URL(fileURLWithPath: path(name)))
    }

    func write(_ bytes: Data, to name: String) throws {
        try bytes.write(to: URL(fileURLWithPath: path(name)))
    }

    func length(_ name: String) throws -> Int {
        try bytes(name).count
    }

    /// The permissions of a file.
    func mode(_ name: String) throws -> Int {
        let attributes = try FileManager.default.attributesOfItem(atPath: path(name))
        return (attributes[.posixPermissions] as? NSNumber)?.intValue ?? -1
    }

    /// A folder that holds what this one holds: what is left where a process is killed at this moment.
    func copy() throws -> TemporaryFolder {
        let copy = try TemporaryFolder(in: .memory)
        // The `-shm` file is memory, not disk; after a power cut it is not there.
        for name in try names where !name.hasSuffix("-shm") { try copy.write(try bytes(name), to: name) }
        return copy
    }
}

/// Stores in a temporary folder.
struct SQLitePlace: StorePlace {
    let folder: TemporaryFolder

    init() throws {
        try self.init(in: .disk)
    }

    init(in medium: TemporaryFolder.Medium) throws {
        folder = try TemporaryFolder(in: medium)
    }

    var database: String { folder.path("fusebox.db") }

    func open(_ retention: Retention) throws -> SQLiteStore {
        try SQLiteStore.open(path: database, retention: retention, at: .start)
    }

    func reader() throws -> SQLiteReader { try SQLiteReader(path: database) }

    func path(_ name: String) -> String { folder.path(name) }

    func openBackup(at path: String) throws -> SQLiteStore { try SQLiteStore.open(path: path, at: .start) }
}

extension Instant {
    /// Where the tests' clocks begin: 14 November 2023.
    static let start = Instant(milliseconds: 1_700_000_000_000)
}
