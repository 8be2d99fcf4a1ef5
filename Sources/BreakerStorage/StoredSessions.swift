package import BreakerCore

/// The data that a store keeps about browser sessions.
package struct StoredSessions: Hashable, Sendable {
    /// The key that signs sessions, ``keyLength`` bytes; `nil` in an empty store and in a backup.
    package var key: [UInt8]?
    /// The sessions that were ended early, with the instant at which each would have expired.
    package var revoked: [Revoked: Instant]

    package struct Revoked: Hashable, Sendable {
        /// The name of the token.
        package var token: String
        /// The session's id; `nil` for all sessions of the token that expire at the instant or before.
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
