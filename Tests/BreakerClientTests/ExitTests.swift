import BreakerCore
import EngineSupport
import Foundation
import Logging
import NIOCore
import TestSupport
import Testing

@testable import BreakerClient

@Suite("Exit of the worker's process", .timeLimit(.minutes(2)))
struct ExitTests {
    @Test("An exiting process sends the outcomes that wait")
    func exits() async throws {
        try await LiveServer.with { server in
            try await server.report(.success, to: "payments")
            // The breaker is older than the calls, whose ends the client dates with a running clock.
            server.clock.advance(byMs: 5_000)
            await #expect(processExitsWith: .exitCode(3)) { [url = server.url as String] in
                var configuration = Fusebox.Configuration()
                configuration.flushInterval = .seconds(3_600)
                configuration.patience = .seconds(30)
                let fusebox = Fusebox(url: url, configuration: configuration)
                Task { try await fusebox.run() }
                try await eventually("the stream is connected") { fusebox.statistics.isConnected }
                let payments = fusebox.breaker("payments")
                for _ in 1...3 { try await payments.call {} }
                _ = try? await payments.call { throw Trouble.timeout }
                exit(3)
            }
            let counts = try await server.breaker("payments").counts(at: server.clock.now())
            #expect(counts.calls == 5 && counts.failures == 1)
        }
    }

    @Test("A process can exit even if the server does not answer")
    func silent() async throws {
        try await LiveServer.with { server in
            try await SickServer.with(server) { sick in
                sick.behaves { _ in .silent }
                await #expect(processExitsWith: .success) { [url = sick.url as String] in
                    // Only the bound on the exit's wait ends within the suite's time limit.
                    let payments = Fusebox(
                        url: url,
                        logger: Logger(label: "test"),
                        clock: SystemClock(),
                        longestRequest: .minutes(3)
                    ).breaker("payments")
                    for _ in 1...3 { try await payments.call {} }
                    #expect(payments.fusebox.statistics.waitingOutcomes == 3)
                    exit(0)
                }
            }
        }
    }
}
