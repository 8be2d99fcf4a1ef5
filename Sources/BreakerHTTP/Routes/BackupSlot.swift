import NIOConcurrencyHelpers

/// Allows one backup at a time to be made or sent, because each copy takes as much disk space as the database.
final class BackupSlot: Sendable {
    private let isTaken = NIOLockedValueBox(false)

    /// - Returns: `false` while another copy is made or sent.
    func take() -> Bool {
        isTaken.withLockedValue { isTaken in
            defer { isTaken = true }
            return !isTaken
        }
    }

    func free() { isTaken.withLockedValue { $0 = false } }
}
