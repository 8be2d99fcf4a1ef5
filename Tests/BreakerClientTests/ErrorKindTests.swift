import AsyncHTTPClient
import BreakerCore
import Foundation
import NIOCore
import TestSupport
import Testing

@testable import BreakerClient

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

@Suite("The kind of an error", .timeLimit(.minutes(2)))
struct ErrorKindTests {
    private static let kinds: [(any Error, String)] = [
        (Trouble.timeout, "Trouble"),
        (CancellationError(), "CancellationError"),
        (HTTPClientError.readTimeout, "timeout"),
        (HTTPClientError.httpProxyHandshakeTimeout, "timeout"),
        (HTTPClientError.remoteConnectionClosed, "connection"),
        (HTTPClientError.redirectLimitReached, "http_client"),
        (ChannelError.connectTimeout(.seconds(1)), "timeout"),
        (ChannelError.ioOnClosedChannel, "connection"),
        (IOError(errnoCode: ETIMEDOUT, reason: "connect"), "timeout"),
        (IOError(errnoCode: ECONNRESET, reason: "read"), "connection"),
        (URLError(.timedOut), "timeout"),
        (URLError(.cannotConnectToHost), "connection"),
        (URLError(.networkConnectionLost), "connection"),
        (URLError(.badServerResponse), "NSURLErrorDomain_-1011"),
        (POSIXError(.ETIMEDOUT), "timeout"),
        (POSIXError(.ECONNREFUSED), "connection"),
        (POSIXError(.EACCES), "NSPOSIXErrorDomain_\(EACCES)"),
        (NSError(domain: "NSURLErrorDomain", code: -1001), "timeout"),
        (NSError(domain: NSPOSIXErrorDomain, code: Int(EPIPE)), "connection"),
        (NSError(domain: NSPOSIXErrorDomain, code: .max), "NSPOSIXErrorDomain_\(Int.max)"),
        (NSError(domain: "com.example.pay", code: 7), "com.example.pay_7"),
        (
            NSError(domain: String(repeating: "d", count: 70), code: .min),
            String(repeating: "d", count: 43) + "_\(Int.min)"
        ),
        (CocoaError(.fileNoSuchFile), "CocoaError"),
    ]

    @Test("The kind of an error is timeout, connection, or else its type or its domain and code")
    func kinds() {
        for (error, kind) in Self.kinds {
            #expect(CallOutcome.standard(error) == .failure(kind: kind))
        }
    }

    @Test("The kind is connection if URLSession cannot reach the server")
    func session() async throws {
        let unreachable = try #require(URL(string: "http://127.0.0.1:1/"))
        do {
            _ = try await URLSession.shared.data(from: unreachable)
            Issue.record("the server was reached")
        } catch {
            #expect(CallOutcome.standard(error) == .failure(kind: "connection"), "\(error)")
        }
    }
}
