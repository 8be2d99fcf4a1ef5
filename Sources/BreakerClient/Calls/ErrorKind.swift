import AsyncHTTPClient
import BreakerCore
import Foundation
import NIOCore
import NIOPosix

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
