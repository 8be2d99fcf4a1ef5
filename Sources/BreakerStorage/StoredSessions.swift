package import BreakerCore

/// What a store keeps of browsers' sessions.
package struct StoredSessions: Hashable, Sendable {
    /// The key that signs sessions: ``keyLength`` bytes; `nil` in a new store and in a backup.
    package var key: [UInt8]?
    /// The sessions that were ended before their time, and when each would have ended by itself.
    package var revoked: [Revoked: Instant]

    package struct Revoked: Hashable, Sendable {
        /// The name of the token.
        package var token: String
        /// `nil` for all sessions of the token that end at the instant or before.
        package var id: String?

        package init(token: String, id: String?) {
            self.token = token
            self.id = id
        }
    }

    package static let keyLength = 32

    package init(key: [UInt8]? = nil, revoked: [Revoked: Instant] = [:]) {
        self.key = key
        self.revoked = revoked
    }

    package var isEmpty: Bool { key == nil && revoked.isEmpty }
}
