import BreakerAPI
import BreakerEngine
import Logging
import NIOConcurrencyHelpers

/// Why a request is not what its client may do.
struct AuthenticationFailure: Hashable, Sendable {
    enum Reason: String, CaseIterable {
        case missingToken = "missing_token"
        case unknownToken = "unknown_token"
        /// The role or the prefix of a known token does not allow the request.
        case insufficientToken = "insufficient_token"
        /// Too many failed attempts to sign in.
        case signInLimit = "sign_in_limit"
    }

    var reason: Reason
    /// The name of the token, where it is known.
    var token: String?
}

/// Counts and logs failed authentications, and limits attempts to sign in.
final class AuthenticationFailures: Sendable {
    private struct State {
        var logged = AddressCounts(windowMs: AuthenticationFailures.logWindowMs)
        var lines = AddressCounts(windowMs: AuthenticationFailures.logWindowMs)
        var signIns = AddressCounts(windowMs: AuthenticationFailures.signInWindowMs)
    }

    /// An address has at most one line of the log in this time.
    static let logWindowMs: Int64 = 10_000
    /// All addresses together have at most so many.
    static let maximumLines = 100
    /// Failed attempts to sign in that an address has in ``signInWindowMs``. Secrets have 256 bits, so the limit keeps no
    /// secret safe; it bounds the load, and makes an attempt visible.
    static let maximumSignIns = 10
    static let signInWindowMs: Int64 = 300_000

    private let meters: HTTPMeters
    private let clock: any ServerClock
    private let logger: Logger
    private let state = NIOLockedValueBox(State())

    init(meters: HTTPMeters, clock: any ServerClock, logger: Logger) {
        self.meters = meters
        self.clock = clock
        self.logger = logger
    }

    /// - Parameter address: the other end of the connection.
    func note(_ failure: AuthenticationFailure, from address: String?) {
        meters.failed(failure.reason)
        let address = address ?? "unknown"
        let nowMs = clock.uptimeMs()
        let suppressed: Int? = state.withLockedValue { state in
            let (count, before) = state.logged.add(address, atMs: nowMs)
            guard count == 1, state.lines.add("", atMs: nowMs).count <= Self.maximumLines else { return nil }
            return max(0, before - 1)
        }
        guard let suppressed else { return }
        logger.warning(
            "Authentication failed",
            metadata: [
                "address": "\(address)",
                "reason": "\(failure.reason.rawValue)",
                "token": "\(failure.token ?? "-")",
                "suppressed": "\(suppressed)",
            ]
        )
    }

    /// An attempt to sign in failed.
    func noteSignIn(from address: String?) {
        let nowMs = clock.uptimeMs()
        state.withLockedValue { _ = $0.signIns.add(address ?? "unknown", atMs: nowMs) }
    }

    /// - Throws: `too_many_sign_ins` for an address with too many failed attempts.
    func requireSignIn(from address: String?) throws(Problem) {
        let nowMs = clock.uptimeMs()
        let window = state.withLockedValue { $0.signIns.window(of: address ?? "unknown", atMs: nowMs) }
        guard let window, window.count >= Self.maximumSignIns else { return }
        var problem = Problem(
            .tooManySignIns,
            "\(Self.maximumSignIns) attempts to sign in from this address have failed; retry later"
        )
        problem.failure = AuthenticationFailure(reason: .signInLimit)
        problem.retryAfterSeconds = (window.remainingMs + 999) / 1_000
        throw problem
    }
}
