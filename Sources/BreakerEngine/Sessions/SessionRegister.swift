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
        var revoked: [String: Instant]
        var unstored = StoredSessions()
    }

    private let state: NIOLockedValueBox<State>

    /// How many ended sessions are remembered. Only holders of a good token can end so many; then the key is replaced, which
    /// ends every session.
    static let maximumRevoked = 10_000

    /// - Parameters:
    ///   - stored: where it has no key, one is drawn.
    ///   - now: sessions that have ended by then are forgotten.
    package init(_ stored: StoredSessions = StoredSessions(), at now: Instant = Instant(milliseconds: 0)) {
        var state = State(key: stored.key ?? [], revoked: stored.revoked.filter { $0.value > now })
        if stored.key == nil { state.drawKey() }
        self.state = NIOLockedValueBox(state)
    }

    package var key: [UInt8] { state.withLockedValue { $0.key } }

    package func isRevoked(_ id: String) -> Bool { state.withLockedValue { $0.revoked[id] != nil } }

    /// Ends a session.
    ///
    /// - Parameters:
    ///   - id: names the session, which is signed with ``key``.
    ///   - end: when it would end by itself.
    package func revoke(_ id: String, endingAt end: Instant, at now: Instant) {
        state.withLockedValue { state in
            if state.revoked.count >= Self.maximumRevoked { state.revoked = state.revoked.filter { $0.value > now } }
            guard state.revoked.count < Self.maximumRevoked else { return state.drawKey() }
            state.revoked[id] = end
            state.unstored.revoked[id] = end
        }
    }

    // MARK: Storing

    /// What is not stored yet.
    var unstored: StoredSessions { state.withLockedValue { $0.unstored } }

    /// - Parameter sessions: what ``unstored`` was before they were stored.
    func stored(_ sessions: StoredSessions) {
        guard !sessions.isEmpty else { return }
        state.withLockedValue { state in
            if state.unstored.key == sessions.key { state.unstored.key = nil }
            for id in sessions.revoked.keys { state.unstored.revoked[id] = nil }
        }
    }
}

extension SessionRegister.State {
    fileprivate mutating func drawKey() {
        var random = SystemRandomNumberGenerator()
        key = (0..<StoredSessions.keyLength).map { _ in random.next() }
        revoked = [:]
        unstored = StoredSessions(key: key)
    }
}

extension Engine {
    /// Waits until ended sessions are stored. Where that fails, they are stored as soon as the store works.
    package func storeSessions() async {
        do {
            try await change(from: .server) { _, _ throws(EngineError) in }
        } catch {
            logger.warning(
                "An ended session is not stored yet; a restart before that would revive it",
                metadata: ["error": "\(error)"]
            )
        }
    }
}
