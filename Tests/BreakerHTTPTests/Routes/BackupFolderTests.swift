import EngineSupport
import Foundation
import TestSupport
import Testing

@testable import BreakerHTTP

@Suite("The folder of backups")
struct BackupFolderTests {
    @Test("A sweep removes what a killed backup left, and nothing else")
    func sweeps() throws {
        let folder = try TemporaryFolder()
        let kept = ["fusebox.db", "fusebox.db-wal", "fusebox.db.lock", "fusebox.db.backup-monday", "x.db.backup-1"]
        for name in kept + ["fusebox.db.backup-1", "fusebox.db.backup-18446744073709551615"] {
            try Data().write(to: URL(fileURLWithPath: folder.path(name)))
        }
        BackupFolder(databasePath: folder.path("fusebox.db")).sweep()
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() == kept.sorted())
    }

    @Test("One copy is made at a time")
    func makesOneAtATime() throws {
        let folder = BackupFolder(databasePath: "fusebox.db")
        #expect(folder.begin())
        #expect(!folder.begin())
        folder.end()
        #expect(folder.begin())
        #expect(folder.freshPath() != folder.freshPath())
    }
}
