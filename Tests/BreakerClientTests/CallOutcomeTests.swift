import AsyncHTTPClient
import BreakerCore
import EngineSupport
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

@Suite("Calls that return an unfinished result", .timeLimit(.minutes(2)))
struct UnfinishedResultTests {
    @Test(
        "A call waits for a task or a future that it returns, and throws and counts its error",
        arguments: [true, false]
    )
    func awaited(fails: Bool) async throws {
        try await LiveServer.with { server in
            let worker = Worker(url: server.url)
            let payments = worker.fusebox.breaker("payments")
            let numbers = worker.fusebox.breaker("payments", of: Task<Int, any Error>?.self)
            @Sendable func charge() throws -> Int {
                if fails { throw Trouble.timeout }
                return 7
            }
            let loop = HTTPClient.defaultEventLoopGroup.next()
            let calls: [() async throws -> Int] = [
                { try await payments.call { Task { try charge() } }.value },
                { try await numbers.call { Task { try charge() } }?.value ?? 0 },
                { try await payments.call { loop.submit { try charge() } }.get() },
            ]
            for call in calls {
                if fails {
                    await #expect(throws: Trouble.timeout) { _ = try await call() }
                } else {
                    #expect(try await call() == 7)
                }
            }
            let counts = try await server.breaker("payments").counts(at: server.clock.now())
            #expect(counts.calls == 3 && counts.failures == (fails ? 3 : 0))
        }
    }

    @Test("Five failed tasks open the breaker even if their results are not read")
    func unobserved() async throws {
        try await LiveServer.with { server async throws in
            let payments = Worker(url: server.url).fusebox.breaker("payments")
            for _ in 1...5 { _ = try? await payments.call { Task { throw Trouble.timeout } } }
            #expect(try await server.breaker("payments").state == .open)
        }
    }

    @Test("A call that returns an unread sequence is refused and counts as ignored")
    func sequence() async throws {
        try await LiveServer.with { server in
            try await server.bringToProbe("payments")
            let payments = Worker(url: server.url).fusebox.breaker("payments")
            let refusal = await #expect(throws: UnfinishedResult.self) {
                _ = try await payments.call {
                    AsyncThrowingStream<Int, any Error> { $0.finish(throwing: Trouble.timeout) }
                }
            }
            #expect(refusal?.breaker == "payments" && refusal?.type.hasPrefix("AsyncThrowingStream<Int") == true)
            let breaker = try await server.breaker("payments")
            #expect(breaker.state == .halfOpen && breaker.leases.isEmpty)
        }
    }
}
