import BreakerCore
import EngineSupport
import TestSupport
import Testing

@testable import BreakerClient
@testable import BreakerEngine

@Suite("Decisions in the worker's own process", .timeLimit(.minutes(2)))
struct LocalDecisionTests {
    @Test("A breaker known to be closed allows calls without the server, with its generation as the permit")
    func closed() async throws {
        try await LiveServer.with { server in
            try await server.report(.success, to: "payments")
            let worker = Worker(url: server.url)
            let payments = worker.fusebox.breaker("payments")
            try await worker.running {
                let generation = try await server.breaker("payments").generation
                for _ in 1...3 {
                    let decision = try await payments.acquire()
                    #expect(decision.isAllowed && decision.source == .local && decision.state == .closed)
                    #expect(decision.permit == .generation(generation))
                }
                #expect(payments.decisions.local.allowed == 3 && payments.decisions.server.allowed == 0)
            }
        }
    }

    @Test("An unknown name is decided by the server, and is known after that")
    func unknownName() async throws {
        try await LiveServer.with { server in
            let worker = Worker(url: server.url)
            let payments = worker.fusebox.breaker("payments")
            try await worker.running {
                #expect(try await payments.acquire().source == .server)
                try await worker.untilKnown(payments, is: .closed)
                #expect(try await payments.acquire().source == .local)
            }
        }
    }

    @Test("An open breaker denies locally until its time is over; then one call asks the server and gets the probe")
    func open() async throws {
        try await LiveServer.with { server in
            try await server.report(.success, to: "payments")
            let worker = Worker(url: server.url)
            let payments = worker.fusebox.breaker("payments")
            try await worker.running {
                try await server.trip("payments")
                try await worker.untilKnown(payments, is: .open)
                let first = try await payments.acquire()
                #expect(!first.isAllowed && first.source == .local && first.retryAfter == .seconds(60))
                worker.clock.advance(by: .milliseconds(59_999))
                let last = try await payments.acquire()
                #expect(!last.isAllowed && last.source == .local && last.retryAfter == .milliseconds(1))
                server.clock.advance(byMs: 60_000)
                worker.clock.advance(by: .milliseconds(1))
                let probe = try await payments.acquire()
                #expect(probe.isAllowed && probe.source == .server && probe.isProbe)
                await #expect(throws: BreakerOpen.self) { try await payments.call {} }
                await payments.report(.success, under: probe, took: .milliseconds(20))
                try await worker.untilKnown(payments, is: .closed)
                #expect(try await payments.acquire().source == .local)
            }
        }
    }

    @Test(
        "A step of the server's clock moves no known deadline, and later deadlines are right",
        arguments: [-3_600_000, 3_600_000]
    )
    func clockStep(stepMs: Int64) async throws {
        try await LiveServer.with { server in
            for name in ["payments", "search"] { try await server.report(.success, to: name) }
            let worker = Worker(url: server.url)
            let (payments, search) = (worker.fusebox.breaker("payments"), worker.fusebox.breaker("search"))
            try await worker.running {
                try await server.trip("payments")
                try await worker.untilKnown(payments, is: .open)
                server.clock.setSystemClock(byMs: stepMs)
                await server.engine.writer.followClock()
                try await server.trip("search")
                try await worker.untilKnown(search, is: .open)
                for breaker in [payments, search] {
                    let denial = try await breaker.acquire()
                    #expect(denial.source == .local && denial.retryAfter == .seconds(60))
                }
            }
        }
    }

    @Test("A client that starts later knows the same end of an opening")
    func secondFollower() async throws {
        try await LiveServer.with { server in
            try await server.trip("payments")
            for remaining in [60, 20] {
                let worker = Worker(url: server.url)
                let payments = worker.fusebox.breaker("payments")
                try await worker.running {
                    let decision = try await payments.acquire()
                    #expect(decision.source == .local && decision.retryAfter == .seconds(remaining))
                }
                server.clock.advance(byMs: 40_000)
            }
        }
    }

    @Test("The decision of a probe has the length of its lease; other decisions have none")
    func lease() async throws {
        try await LiveServer.with { server in
            let payments = Worker(url: server.url).fusebox.breaker("payments")
            #expect(try await payments.acquire().lease == nil)
            try await server.bringToProbe("payments")
            #expect(try await payments.acquire().lease == .seconds(30))
        }
    }

    @Test("The panel from the stream is used up to the staleness bound; after that the server is asked")
    func staleness() async throws {
        try await LiveServer.with { server in
            try await server.report(.success, to: "payments")
            let worker = Worker(url: server.url)
            let payments = worker.fusebox.breaker("payments")
            try await worker.running { () async throws in
                worker.clock.advance(by: .seconds(600))
                #expect(try await payments.acquire().source == .local)
                worker.clock.advance(by: .nanoseconds(1))
                #expect(try await payments.acquire().source == .server)
            }
        }
    }

    @Test(
        "An override has the same effect on a local decision as on the server's",
        arguments: [
            (Override.Mode.forceOpen, false, BreakerState.open, false), (.forceClosed, true, .closed, false),
            (.shadow, true, .open, true),
        ]
    )
    func overrides(mode: Override.Mode, isAllowed: Bool, state: BreakerState, wouldDeny: Bool) async throws {
        try await LiveServer.with { server in
            try await server.trip("payments")
            let worker = Worker(url: server.url)
            let payments = worker.fusebox.breaker("payments")
            try await server.putOverride(mode, on: "payments", forMs: 30_000)
            try await worker.running {
                for _ in 1...2 {
                    let decision = try await payments.acquire()
                    #expect(decision.source == .local && decision.isAllowed == isAllowed)
                    #expect(decision.state == state && decision.wouldDeny == wouldDeny)
                    if mode == .forceOpen { #expect(decision.retryAfter == .seconds(30)) }
                }
                // The end of the override changes the breaker, so the client asks the server until the stream sends the
                // change.
                server.clock.advance(byMs: 30_000)
                worker.clock.advance(by: .seconds(30))
                #expect(try await payments.acquire().source == .server)
            }
        }
    }

    @Test("A deleted breaker is decided by the server, which creates it again")
    func deleted() async throws {
        try await LiveServer.with { server in
            try await server.trip("payments")
            let worker = Worker(url: server.url)
            let payments = worker.fusebox.breaker("payments")
            try await worker.running {
                #expect(try await !payments.acquire().isAllowed)
                try await server.engine.delete(BreakerName("payments")!, actor: "alice")
                try await worker.untilKnown(payments, is: nil)
                let decision = try await payments.acquire()
                #expect(decision.isAllowed && decision.source == .server)
            }
        }
    }

    @Test("In remote mode the server decides each call", arguments: [true, false])
    func remote(isRun: Bool) async throws {
        try await LiveServer.with { server in
            let worker = Worker(url: server.url) { $0.mode = .remote }
            let payments = worker.fusebox.breaker("payments")
            func decide() async throws {
                for _ in 1...3 { #expect(try await payments.acquire().source == .server) }
                for _ in 1...5 { _ = try? await payments.call { throw Trouble.timeout } }
                try await worker.untilSent()
                await #expect(throws: BreakerOpen.self) { try await payments.call {} }
            }
            if isRun { try await worker.running { try await decide() } } else { try await decide() }
        }
    }

    @Test("A broken stream resumes where it ended, and no change is missed")
    func resume() async throws {
        let folder = try TemporaryFolder()
        let (worker, run, port) = try await LiveServer.with(folder: folder) { server in
            try await server.report(.success, to: "payments")
            let worker = Worker(url: server.url)
            let run = Task { try await worker.fusebox.run() }
            try await worker.untilConnected()
            return (worker, run, server.port)
        }
        let payments = worker.fusebox.breaker("payments")
        #expect(payments.knownState == .closed)
        try await eventually("the stream ended") { !worker.fusebox.statistics.isConnected }
        #expect(try await payments.acquire().source == .local)
        try await LiveServer.with(folder: folder, port: port) { server in
            try await server.trip("payments")
            try await eventually("the stream sends the trip") {
                worker.clock.advance(by: .milliseconds(100))
                return payments.knownState == .open
            }
            #expect(try await payments.acquire().source == .local)
        }
        run.cancel()
        try await run.value
    }
}
