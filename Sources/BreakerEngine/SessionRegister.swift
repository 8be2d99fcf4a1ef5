package import BreakerCore
package import BreakerStorage
import Logging
import NIOConcurrencyHelpers

/// The key that signs browsers' sessions, and the sessions that were ended before their time.
///
/// Changes are in force at once. The writer stores them with its next batch.
package final class SessionRegister: Sendable {
    fileprivate struct State {
        var key: [UInt8]
        /// The ended sessions, by the names of their tokens.
        var revoked: [String: Revoked]
        var unstored = StoredSessions()
    }

    /// The ended sessions of one token.
    fileprivate struct Revoked {
        /// When each session would have ended by itself, by its id.
        var ends: [String: Instant] = [:]
        /// All sessions of the token that end by this instant are ended too.
        var allUntil: Instant?
    }

    private let state: NIOLockedValueBox<State>

    /// How long a session is valid: twelve hours.
    package static let sessionLengthMs: Int64 = 12 * 60 * 60 * 1_000
    /// How many ended sessions of a token are remembered. One more ends all sessions of the token.
    static let maximumRevoked = 1_000

    /// - Parameters:
    ///   - stored: if it has no key, a random key is drawn.
    ///   - now: sessions that have ended by then are forgotten.
    package init(_ stored: StoredSessions = StoredSessions(), at now: Instant = Instant(milliseconds: 0)) {
        var state = State(key: stored.key ?? [], revoked: [:])
        for (session, end) in stored.revoked where end > now {
            if let id = session.id {
                state.revoked[session.token, default: Revoked()].ends[id] = end
            } else {
                state.revoked[session.token, default: Revoked()].allUntil = end
            }
        }
        if stored.key == nil {
            var random = SystemRandomNumberGenerator()
            state.key = (0..<StoredSessions.keyLength).map { _ in random.next() }
            state.unstored.key = state.key
        }
        self.state = NIOLockedValueBox(state)
    }

    /// The key that signs sessions.
    package var key: [UInt8] { state.withLockedValue { $0.key } }

    /// Whether a session was ended before its time.
    ///
    /// - Parameters:
    ///   - id: the id of a session of `token`.
    ///   - end: when the session ends by itself.
    package func isRevoked(_ id: String, of token: String, endingAt end: Instant) -> Bool {
        state.withLockedValue { state in
            guard let revoked = state.revoked[token] else { return false }
            return revoked.ends[id] != nil || revoked.allUntil.map { end <= $0 } ?? false
        }
    }

    /// Ends a session.
    ///
    /// - Parameters:
    ///   - id: the id of a session of `token`.
    ///   - end: when the session would end by itself.
    package func revoke(_ id: String, of token: String, endingAt end: Instant, at now: Instant) {
        state.withLockedValue { state in
            var revoked = state.revoked[token] ?? Revoked()
            if revoked.ends.count >= Self.maximumRevoked { revoked.ends = revoked.ends.filter { $0.value > now } }
            if revoked.ends.count < Self.maximumRevoked {
                revoked.ends[id] = end
                state.unstored.revoked[.init(token: token, id: id)] = end
            } else {
                let last = now.advanced(byMilliseconds: Self.sessionLengthMs)
                revoked = Revoked(allUntil: last)
                state.unstored.revoked[.init(token: token, id: nil)] = last
            }
            state.revoked[token] = revoked
        }
    }

    // MARK: Storing

    /// The changes that are not stored yet.
    var unstored: StoredSessions { state.withLockedValue { $0.unstored } }

    /// Takes stored changes out of ``unstored``.
    /// - Parameter sessions: the value of ``unstored`` that was stored.
    func stored(_ sessions: StoredSessions) {
        guard !sessions.isEmpty else { return }
        state.withLockedValue { state in
            if state.unstored.key == sessions.key { state.unstored.key = nil }
            for (session, end) in sessions.revoked where state.unstored.revoked[session] == end {
                state.unstored.revoked[session] = nil
            }
        }
    }
}

extension Engine {
    /// Waits until ended sessions are stored. If that fails, they are stored as soon as the store works.
    package func storeSessions() async {
        do {
            try await change(from: .server) { _, _ throws(EngineError) in }
        } catch {
            logger.warning(
                "A sign-out is not stored yet; after a restart before that, the session is valid again",
                metadata: ["error": "\(error)"]
            )
        }
    }
}
