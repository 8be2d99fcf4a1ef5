import NIOConcurrencyHelpers

/// The place of the one copy of the database that is made or sent at a time: each takes as much disk as the database.
final class BackupSlot: Sendable {
    private let isTaken = NIOLockedValueBox(false)

    /// - Returns: `false` where another copy has the place.
    func take() -> Bool {
        isTaken.withLockedValue { isTaken in
            defer { isTaken = true }
            return !isTaken
        }
    }

    func free() { isTaken.withLockedValue { $0 = false } }
}
