import BreakerCore
import BreakerHTTP
import EngineSupport
import Foundation
import Logging
import NIOCore
import ServiceLifecycle
import TestSupport
import Testing

@testable import BreakerClient

@Suite("The life cycle of a client", .timeLimit(.minutes(2)))
struct LifecycleTests {
    @Test("Waiting outcomes are sent before the client's service shuts down")
    func shutdown() async throws {
        try await LiveServer.with { server in
            try await server.report(.success, to: "payments")
            let worker = Worker(url: server.url)
            let payments = worker.fusebox.breaker("payments")
            let group = ServiceGroup(services: [worker.fusebox], logger: Logger(label: "test"))
            let run = Task { try await group.run() }
            try await worker.untilConnected()
            // The interval does not end, because the clock stands still.
            for _ in 1...3 { try await payments.call {} }
            #expect(worker.fusebox.statistics.waitingOutcomes == 3)
            await group.triggerGracefulShutdown()
            try await run.value
            #expect(worker.fusebox.statistics.waitingOutcomes == 0)
            #expect(try await server.breaker("payments").counts(at: server.clock.now()).calls == 4)
            #expect(worker.log.lines.isEmpty)
        }
    }

    @Test("Outcomes are sent when the interval ends or a hundred of them wait", arguments: [99, 100])
    func interval(calls: Int) async throws {
        try await LiveServer.with { server in
            try await server.report(.success, to: "payments")
            let worker = Worker(url: server.url)
            let payments = worker.fusebox.breaker("payments")
            try await worker.running {
                for _ in 1...calls { try await payments.call {} }
                if calls < 100 {
                    #expect(worker.fusebox.statistics.waitingOutcomes == calls)
                    try await worker.untilSent()
                }
                try await eventually("they are sent") { worker.fusebox.statistics.waitingOutcomes == 0 }
                #expect(try await server.breaker("payments").counts(at: server.clock.now()).calls == calls + 1)
            }
        }
    }

    @Test("A success between failures ends their streak, whichever way they are sent")
    func streak() async throws {
        try await LiveServer.with { server in
            let worker = Worker(url: server.url)
            let payments = worker.fusebox.breaker("payments")
            try await worker.running {
                for _ in 1...20 {
                    for _ in 1...4 { _ = try? await payments.call { throw Trouble.timeout } }
                    try await payments.call {}
                }
                for _ in 1...4 { _ = try? await payments.call { throw Trouble.timeout } }
                // Failures do not wait for an interval, so no time has to pass.
                try await eventually("they are sent") { worker.fusebox.statistics.waitingOutcomes == 0 }
                let breaker = try await server.breaker("payments")
                #expect(breaker.state == .closed && breaker.consecutiveFailures == 4)
                #expect(breaker.counts(at: server.clock.now()).calls == 104)
            }
        }
    }

    @Test("A worker's token with a prefix is sufficient for a client")
    func workerToken() async throws {
        let (token, secret) = Token.make(name: "checkout", role: .worker, prefix: "pay:")
        try await LiveServer.with(tokens: [token]) { server in
            let worker = Worker(url: server.url, token: secret)
            let payments = worker.fusebox.breaker("pay:a")
            try await worker.running {
                try await payments.call {}
                try await worker.untilKnown(payments, is: .closed)
                try await payments.call { #expect($0.source == .local) }
            }
            #expect(worker.fusebox.statistics.refusedOutcomes == 0)
        }
    }

    @Test("A stream that the server refuses is requested again and again, and the refusal is logged once")
    func refusedStream() async throws {
        let (token, _) = Token.make(name: "checkout", role: .worker, prefix: "")
        try await LiveServer.with(tokens: [token]) { server in
            try await SickServer.with(server) { sick in
                let worker = Worker(url: sick.url, token: "wrong")
                let run = Task { try await worker.fusebox.run() }
                try await eventually("the stream is refused three times") {
                    worker.clock.advance(by: .seconds(1))
                    return sick.requests("/events") >= 3
                }
                run.cancel()
                try await run.value
                #expect(
                    worker.log.lines == ["fusebox refused the stream of changes, so it is asked for each decision"]
                )
            }
        }
    }

    @Test("A text that is longer than the server accepts is cut", arguments: [(128, 64, 512), (129, 65, 513)])
    func lengths(reporter: Int, kind: Int, detail: Int) async throws {
        try await LiveServer.with { server in
            let worker = Worker(url: server.url) { $0.reporter = String(repeating: "ä", count: reporter) }
            let payments = worker.fusebox.breaker("payments") { _ in
                .failure(kind: String(repeating: "k", count: kind), detail: String(repeating: "d", count: detail))
            }
            _ = try? await payments.call { throw Trouble.timeout }
            let failure = try #require(try await server.breaker("payments").lastFailure)
            #expect(failure.reporter?.count == 128 && failure.kind?.count == 64 && failure.detail?.count == 512)
        }
    }

    @Test("A report under a denied decision sends nothing")
    func deniedReport() async throws {
        try await LiveServer.with { server in
            try await server.trip("payments")
            let worker = Worker(url: server.url)
            let payments = worker.fusebox.breaker("payments")
            let decision = try await payments.acquire()
            await payments.report(.failure(), under: decision, took: .zero)
            #expect(!decision.isAllowed && worker.fusebox.statistics.sentOutcomes == 0)
        }
    }

    @Test("An outcome that the server refuses is counted and logged, and does not affect the others")
    func refused() async throws {
        let (token, secret) = Token.make(name: "checkout", role: .worker, prefix: "pay:")
        try await LiveServer.with(tokens: [token]) { server in
            let worker = Worker(url: server.url, token: secret)
            let (mine, theirs) = (worker.fusebox.breaker("pay:a"), worker.fusebox.breaker("theirs"))
            try await worker.running {
                try await theirs.call {}
                try await mine.call {}
                try await worker.untilSent()
            }
            #expect(worker.fusebox.statistics.refusedOutcomes == 1)
            #expect(worker.log.lines.contains("fusebox refused outcomes"))
            #expect(try await server.breaker("pay:a").counts(at: server.clock.now()).calls == 1)
        }
    }
}

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
