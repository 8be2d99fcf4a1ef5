import BreakerCore
import BreakerSQLite
import BreakerStorage
import Foundation
import StoreContract
import TestSupport
import Testing

@Suite("The owner of a database")
struct OwnershipTests {
    @Test("A second owner in the same process is refused with the process id of the first")
    func sameProcess() throws {
        let location = try SQLiteLocation()
        let store = try location.open()
        for _ in 0..<2 {
            let error = #expect(throws: StoreError.self) { _ = try location.open() }
            #expect(error?.code == .inUse)
            #expect(error?.message.contains("process \(getpid());") == true)
        }
        #expect(try location.folder.bytes("fusebox.db.lock") == Data("\(getpid())\n".utf8))
        // Each refusal closed its own descriptors, which does not release the first owner's locks.
        try store.write(WriteBatch(at: .start, revision: 1))
        store.close()
        #expect(try location.open().load().revision == 1)
    }

    @Test(
        "A second process is refused until the first one ends, even if that is killed",
        .enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/flock"))
    )
    func otherProcess() throws {
        let location = try SQLiteLocation()
        let script = "echo $$ > '\(location.database).lock'; echo $$; exec cat"
        let (input, output) = (Pipe(), Pipe())
        // `cat` runs until its input is closed.
        defer { withExtendedLifetime(input) {} }
        let owner = try SpawnedProcess(
            "/usr/bin/flock",
            ["--no-fork", location.database + ".lock", "sh", "-c", script],
            input: input.fileHandleForReading.fileDescriptor,
            output: output.fileHandleForWriting.fileDescriptor
        )
        // From here on only the program has this end of the pipe.
        try output.fileHandleForWriting.close()
        let pid = String(decoding: output.fileHandleForReading.availableData, as: UTF8.self)
        let error = #expect(throws: StoreError.self) { _ = try location.open() }
        #expect(error?.code == .inUse)
        #expect(error?.message.contains("process \(pid.dropLast());") == true)
        #expect(try !location.folder.names.contains("fusebox.db"))
        owner.signal(SIGKILL)
        #expect(owner.waitUntilEnd() == .killed(SIGKILL))
        #expect(try location.open().load().revision == 0)
    }

    @Test("The lock file stays after the owner has closed the database")
    func lockFileStays() throws {
        let location = try SQLiteLocation()
        try location.open().close()
        #expect(try location.folder.names == ["fusebox.db", "fusebox.db.lock"])
    }

    @Test("Every file of a database has mode 600")
    func modes() throws {
        let location = try SQLiteLocation()
        let store = try location.open()
        try store.write(WriteBatch(at: .start, revision: 1))
        let names = ["fusebox.db", "fusebox.db-shm", "fusebox.db-wal", "fusebox.db.lock"]
        #expect(try location.folder.names == names)
        for name in names { #expect(try location.folder.mode(name) == 0o600, "\(name)") }
    }

    /// A change to a database's files that may let others write them.
    struct Sharing: Sendable, CustomTestStringConvertible {
        var testDescription: String
        /// A part of the error message; `nil` if the database opens.
        var message: String?
        var inflict: @Sendable (TemporaryFolder) throws -> Void

        static func mode(_ mode: Int, of name: String, _ message: String?) -> Sharing {
            Sharing(testDescription: "the mode \(String(mode, radix: 8)) of \(name)", message: message) { folder in
                if !FileManager.default.fileExists(atPath: folder.path(name)) { try folder.write(Data(), to: name) }
                try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: folder.path(name))
            }
        }
    }

    static let sharings = [
        Sharing.mode(0o664, of: "fusebox.db", nil),
        .mode(0o602, of: "fusebox.db", "fusebox.db; check its contents, then run: chmod o-w"),
        .mode(0o602, of: "fusebox.db-wal", "fusebox.db-wal; check"),
        .mode(0o602, of: "fusebox.db.lock", "fusebox.db.lock; check"),
        Sharing(testDescription: "a second name", message: "fusebox.db is one of 2 names (hard links) of one file") {
            try FileManager.default.linkItem(atPath: $0.path("fusebox.db"), toPath: $0.path("other.db"))
        },
        Sharing(testDescription: "a link in the log's place", message: "fusebox.db-wal is not a regular file") {
            try FileManager.default.createSymbolicLink(
                atPath: $0.path("fusebox.db-wal"),
                withDestinationPath: "/dev/null"
            )
        },
        Sharing(testDescription: "a pipe in the database's place", message: "fusebox.db is not a regular file") {
            try FileManager.default.removeItem(atPath: $0.path("fusebox.db"))
            #expect(mkfifo($0.path("fusebox.db"), 0o600) == 0)
        },
        Sharing(
            testDescription: "a link that leads nowhere in the database's location",
            message: "is not a regular file"
        ) {
            try FileManager.default.removeItem(atPath: $0.path("fusebox.db"))
            try FileManager.default.createSymbolicLink(atPath: $0.path("fusebox.db"), withDestinationPath: "/nowhere/x")
        },
    ]

    @Test("A database that other users may be able to write is refused", arguments: sharings)
    func sharedFile(_ sharing: Sharing) throws {
        let location = try SQLiteLocation()
        try location.open().close()
        try sharing.inflict(location.folder)
        guard let message = sharing.message else { return try location.open().close() }
        let error = #expect(throws: StoreError.self) { _ = try location.open() }
        #expect(error?.code == .unavailable)
        #expect(error?.message.contains(message) == true, "\(String(describing: error))")
    }
}
