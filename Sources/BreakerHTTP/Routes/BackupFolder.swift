import Foundation
import NIOConcurrencyHelpers

/// Where copies of the database are made before they are sent: beside it, so that the disk is the same.
package struct BackupFolder: Sendable {
    let databasePath: String
    private let isBusy = NIOLockedValueBox(false)

    package init(databasePath: String) {
        self.databasePath = databasePath
    }

    /// Removes what a server that was killed in the middle of a backup left. Only the owner of the database may.
    package func sweep() {
        let database = URL(fileURLWithPath: databasePath)
        let folder = database.deletingLastPathComponent().path
        let leftover = database.lastPathComponent + Self.infix
        for name in (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        where name.hasPrefix(leftover) && UInt64(name.dropFirst(leftover.count)) != nil {
            try? FileManager.default.removeItem(atPath: "\(folder)/\(name)")
        }
    }

    /// There is one copy at a time, until it is sent: each takes as much disk as the database.
    /// - Returns: whether the caller may make one.
    func begin() -> Bool {
        isBusy.withLockedValue { isBusy in
            defer { isBusy = true }
            return !isBusy
        }
    }

    func end() { isBusy.withLockedValue { $0 = false } }

    /// A path that nothing has.
    func freshPath() -> String { "\(databasePath)\(Self.infix)\(UInt64.random(in: 0...(.max)))" }

    private static let infix = ".backup-"
}
