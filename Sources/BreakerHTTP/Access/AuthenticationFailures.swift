import BreakerAPI
import BreakerEngine
import Logging
import NIOConcurrencyHelpers

/// A failed authentication: the reason why a client may not connect or make a request, and the token.
struct AuthenticationFailure: Hashable, Sendable {
    enum Reason: String, CaseIterable {
        case missingToken = "missing_token"
        case unknownToken = "unknown_token"
        /// The role or the prefix of a known token does not allow the request.
        case insufficientToken = "insufficient_token"
        /// Too many failed attempts to sign in.
        case signInLimit = "sign_in_limit"
        /// TLS has not verified the client's certificate, or the client has shown none.
        case refusedCertificate = "refused_certificate"
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

    /// The time in which an address gets at most one line in the log.
    static let logWindowMs: Int64 = 10_000
    /// The maximum number of lines for all addresses together in ``logWindowMs``.
    static let maximumLines = 100
    /// The maximum number of failed attempts to sign in from one address in ``signInWindowMs``. The limit does not
    /// protect the secrets, which have 256 bits. It bounds the load and makes an attempt visible.
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

    /// Counts a failure, and logs it within the limits.
    ///
    /// - Parameter address: the peer address of the connection.
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

    /// Counts a failed attempt to sign in.
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

/// Counts events by address. The window of an address begins with its first event.
struct AddressCounts {
    private struct Window {
        var startMs: Int64
        var count: Int
    }

    private let windowMs: Int64
    private var windows: [String: Window] = [:]

    /// The maximum number of addresses. Beyond it, the address whose window began first is forgotten.
    static let maximumAddresses = 1_000

    init(windowMs: Int64) {
        self.windowMs = windowMs
    }

    /// The number of events in the address's window at `nowMs`, an uptime, and the time until the window ends; `nil`
    /// where the address has no window.
    func window(of address: String, atMs nowMs: Int64) -> (count: Int, remainingMs: Int64)? {
        guard let window = windows[address] else { return nil }
        let remainingMs = window.startMs + windowMs - nowMs
        return remainingMs > 0 ? (window.count, remainingMs) : nil
    }

    /// Counts an event.
    ///
    /// - Returns: the number of events in the window, including this event; and, if this event begins a window, the
    ///   number of events in the address's previous window, otherwise 0.
    @discardableResult
    mutating func add(_ address: String, atMs nowMs: Int64) -> (count: Int, before: Int) {
        if let window = window(of: address, atMs: nowMs) {
            windows[address]?.count += 1
            return (window.count + 1, 0)
        }
        let before = windows.removeValue(forKey: address)?.count ?? 0
        if windows.count >= Self.maximumAddresses,
            let oldest = windows.min(by: { $0.value.startMs < $1.value.startMs })?.key
        {
            windows[oldest] = nil
        }
        windows[address] = Window(startMs: nowMs, count: 1)
        return (1, before)
    }
}
