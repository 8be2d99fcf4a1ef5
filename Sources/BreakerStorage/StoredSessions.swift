package import BreakerCore

/// What a store keeps of browsers' sessions.
package struct StoredSessions: Hashable, Sendable {
    /// The key that signs sessions: ``keyLength`` bytes; `nil` in a new store and in a backup.
    package var key: [UInt8]?
    /// The sessions that were ended before their time, by their ids, and when each would have ended by itself.
    package var revoked: [String: Instant]

    package static let keyLength = 32

    package init(key: [UInt8]? = nil, revoked: [String: Instant] = [:]) {
        self.key = key
        self.revoked = revoked
    }

    package var isEmpty: Bool { key == nil && revoked.isEmpty }
}
