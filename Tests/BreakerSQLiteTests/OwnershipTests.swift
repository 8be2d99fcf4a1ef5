import BreakerCore
import BreakerSQLite
import BreakerStorage
import Foundation
import StoreContract
import TestSupport
import Testing

@Suite("A database has one owner")
struct OwnershipTests {
    @Test("A second owner in the same process is refused, and told the first one's process id")
    func sameProcess() throws {
        let place = try SQLitePlace()
        let store = try place.open()
        for _ in 0..<2 {
            let error = #expect(throws: StoreError.self) { _ = try place.open() }
            #expect(error?.code == .inUse)
            #expect(error?.message.contains("process \(getpid());") == true)
        }
        #expect(try place.folder.bytes("fusebox.db.lock") == Data("\(getpid())\n".utf8))
        // The refusals closed descriptors of their own; the first owner's locks are not among them.
        try store.write(WriteBatch(at: .start, revision: 1))
        store.close()
        #expect(try place.open().load().revision == 1)
    }

    @Test(
        "A second process is refused while the first one lives, however it ends",
        .enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/flock"))
    )
    func otherProcess() throws {
        let place = try SQLitePlace()
        let script = "echo $$ > '\(place.database).lock'; echo $$; exec cat"
        let (input, output) = (Pipe(), Pipe())
        // `cat` ends with its input.
        defer { withExtendedLifetime(input) {} }
        let owner = try SpawnedProcess(
            "/usr/bin/flock",
            ["--no-fork", place.database + ".lock", "sh", "-c", script],
            input: input.fileHandleForReading.fileDescriptor,
            output: output.fileHandleForWriting.fileDescriptor
        )
        // Its end is the program's alone.
        try output.fileHandleForWriting.close()
        let pid = String(decoding: output.fileHandleForReading.availableData, as: UTF8.self)
        let error = #expect(throws: StoreError.self) { _ = try place.open() }
        #expect(error?.code == .inUse)
        #expect(error?.message.contains("process \(pid.dropLast());") == true)
        #expect(try !place.folder.names.contains("fusebox.db"))
        owner.signal(SIGKILL)
        #expect(owner.waitUntilEnd() == .killed(SIGKILL))
        #expect(try place.open().load().revision == 0)
    }

    @Test("The lock file stays when the owner goes")
    func lockFileStays() throws {
        let place = try SQLitePlace()
        try place.open().close()
        #expect(try place.folder.names == ["fusebox.db", "fusebox.db.lock"])
    }

    @Test("Every file is its owner's alone")
    func modes() throws {
        let place = try SQLitePlace()
        let store = try place.open()
        try store.write(WriteBatch(at: .start, revision: 1))
        try place.reader().backUp(to: place.path("backup"))
        let names = ["backup", "fusebox.db", "fusebox.db-shm", "fusebox.db-wal", "fusebox.db.lock"]
        #expect(try place.folder.names == names)
        for name in names { #expect(try place.folder.mode(name) == 0o600, "\(name)") }
    }
}
