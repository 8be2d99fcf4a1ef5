import AsyncHTTPClient
import BreakerCore
import Foundation
import NIOCore
import NIOPosix

/// The outcome of a call, as it is reported to the breaker.
public enum CallOutcome: Hashable, Sendable {
    case success
    /// - `kind`: a short word: `timeout`, `connection`, `http_503`; cut at 64 characters.
    /// - `detail`: a sentence about the failure; cut at 512 bytes. It is stored and shown to operators.
    case failure(kind: String? = nil, detail: String? = nil)
    /// Not the downstream's fault: a caller's bad request, a cancellation.
    case ignored

    /// The default classification of an error: a failure. Its kind is `timeout` or `connection` if the error is known
    /// to be one, else the domain and the code of an `NSError` (`com.example.pay_7`), else the name of the error's
    /// type.
    ///
    /// Some errors are ``ignored`` under any classification: any error of a cancelled task, the ``BreakerOpen`` of
    /// another breaker, and ``UnfinishedResult``. A `CancellationError` in a task that is not cancelled is an error
    /// like any other: the downstream gave up.
    public static func standard(_ error: any Error) -> CallOutcome {
        .failure(kind: ErrorKind.of(error))
    }

    /// How a call's result counts.
    static func of<Value>(
        _ result: Result<Value, any Error>,
        isCancelled: Bool,
        _ classify: (Result<Value, any Error>) -> CallOutcome
    ) -> CallOutcome {
        if case .failure(let error) = result, isCancelled || error is BreakerOpen || error is UnfinishedResult {
            return .ignored
        }
        return classify(result)
    }

    /// The outcome in the terms of the state machine.
    var core: (outcome: Outcome, kind: String?, detail: String?) {
        switch self {
        case .success: return (.success, nil, nil)
        case .ignored: return (.ignored, nil, nil)
        case .failure(let given, let detail):
            let kind = given.map { cut($0, toLength: Limits.kindLength) }
            return (.failure, kind, detail.map(Limits.cutDetail))
        }
    }
}

extension CallOutcome {
    /// The default classification of a call's result: a returned value is a success, and an error counts as in
    /// ``standard(_:)-(Error)``.
    public static func standard<Value>(_ result: Result<Value, any Error>) -> CallOutcome {
        switch result {
        case .success: .success
        case .failure(let error): standard(error)
        }
    }
}

/// The first code points of a text. The server counts characters in code points.
func cut(_ text: String, toLength length: Int) -> String {
    // No text has more code points than bytes.
    guard text.utf8.count > length else { return text }
    return String(String.UnicodeScalarView(text.unicodeScalars.prefix(length)))
}

/// A short word for an error that counts as a failure.
enum ErrorKind {
    private static let timeout = "timeout"
    private static let connection = "connection"

    static func of(_ error: any Error) -> String {
        switch error {
        case let error as HTTPClientError: of(error)
        case ChannelError.connectTimeout: timeout
        case let error as NIOConnectionError: of(error)
        case let error as IOError: ofPOSIX(Int(error.errnoCode)) ?? connection
        case is ChannelError: connection
        default: of(error, as: error as NSError)
        }
    }

    private static func of(_ error: HTTPClientError) -> String {
        switch error {
        case .connectTimeout, .readTimeout, .writeTimeout, .deadlineExceeded, .getConnectionFromPoolTimeout,
            .tlsHandshakeTimeout, .socksHandshakeTimeout, .httpProxyHandshakeTimeout:
            timeout
        case .remoteConnectionClosed: connection
        default: "http_client"
        }
    }

    /// A connection error is a timeout only if all of its attempts timed out.
    private static func of(_ error: NIOConnectionError) -> String {
        let kinds = error.connectionErrors.map { of($0.error) }
        return !kinds.isEmpty && kinds.allSatisfy { $0 == timeout } ? timeout : connection
    }

    /// - Parameter foundations: the same error as an `NSError`. Only the domain and the code distinguish Foundation's
    ///   errors.
    private static func of(_ error: any Error, as foundations: NSError) -> String {
        let (domain, code) = (foundations.domain, foundations.code)
        let word =
            switch domain {
            case urlDomain: ofURL(code)
            case NSPOSIXErrorDomain: ofPOSIX(code)
            default: String?.none
            }
        if let word { return word }
        guard type(of: error) is NSError.Type || domain == urlDomain || domain == NSPOSIXErrorDomain else {
            return String(describing: type(of: error))
        }
        let end = "_\(code)"
        return cut(domain, toLength: Limits.kindLength - end.count) + end
    }

    /// `NSURLErrorDomain`, copied because FoundationNetworking is too large to load for one constant.
    private static let urlDomain = "NSURLErrorDomain"

    private static func ofURL(_ code: Int) -> String? {
        switch code {
        case -1001: timeout
        // Host not found, connection refused or lost, DNS lookup failed, no network.
        case -1003, -1004, -1005, -1006, -1009: connection
        default: nil
        }
    }

    private static func ofPOSIX(_ code: Int) -> String? {
        switch Int32(truncatingIfNeeded: code) {
        case ETIMEDOUT: timeout
        case ECONNREFUSED, ECONNRESET, ECONNABORTED, EPIPE, EHOSTDOWN, EHOSTUNREACH, ENETDOWN, ENETUNREACH: connection
        default: nil
        }
    }
}
