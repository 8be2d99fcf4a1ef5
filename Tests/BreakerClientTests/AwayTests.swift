import BreakerCore
import BreakerEngine
import BreakerHTTP
import EngineSupport
import NIOConcurrencyHelpers
import TestSupport
import Testing

@testable import BreakerClient

@Suite("Calls while the server is away", .timeLimit(.minutes(2)))
struct AwayTests {
    /// A URL at which no server listens.
    private static let nowhere = "http://127.0.0.1:1"

    @Test("While the server is away, the process's own breaker decides, opens by its policy and then probes")
    func standIn() async throws {
        let worker = Worker(url: Self.nowhere)
        let payments = worker.fusebox.breaker("payments")
        for _ in 1...5 { await #expect(throws: Trouble.timeout) { try await payments.call { throw Trouble.timeout } } }
        let denial = await #expect(throws: BreakerOpen.self) { try await payments.call {} }
        #expect(denial?.source == .fallback && denial?.retryAfter == .seconds(60))
        worker.clock.advance(by: .seconds(60))
        try await payments.call { decision in
            #expect(decision.source == .fallback && decision.state == .halfOpen)
            let other = Task.detached { try await payments.call {} }
            await #expect(throws: BreakerOpen.self) { try await other.value }
        }
        try await payments.call { #expect($0.state == .closed) }
        #expect(payments.decisions.fallback == .init(allowed: 7, denied: 2))
    }

    @Test("While the server is away, all calls are allowed or denied if the configuration says so")
    func allowOrDeny() async throws {
        let open = Worker(url: Self.nowhere) { $0.unreachable = .allow }.fusebox.breaker("payments")
        for _ in 1...6 { await #expect(throws: Trouble.timeout) { try await open.call { throw Trouble.timeout } } }
        let shut = Worker(url: Self.nowhere) { $0.unreachable = .deny }.fusebox.breaker("payments")
        let denial = await #expect(throws: BreakerOpen.self) { try await shut.call {} }
        #expect(denial?.source == .fallback)
    }

    @Test(
        "While the server is away, the last known policy and state decide, and an override stays in force",
        arguments: [nil, Override.Mode.forceOpen]
    )
    func lastKnown(mode: Override.Mode?) async throws {
        let worker = try await LiveServer.with { server in
            let name = BreakerName("payments")!
            var policy = Policy()
            policy.failureThreshold = 2
            _ = try await server.engine.putPolicy(policy, of: name, actor: "alice")
            if let mode { try await server.putOverride(mode, on: "payments") }
            let worker = Worker(url: server.url)
            let payments = worker.fusebox.breaker("payments")
            try await worker.running {
                try await eventually("the policy is known") {
                    payments.entry.state.withLockedValue { $0.policy.failureThreshold == 2 }
                }
            }
            return worker
        }
        worker.clock.advance(by: .seconds(601))
        let payments = worker.fusebox.breaker("payments")
        if mode == .forceOpen {
            #expect(try await !payments.acquire().isAllowed)
        } else {
            for _ in 1...2 { _ = try? await payments.call { throw Trouble.timeout } }
            await #expect(throws: BreakerOpen.self) { try await payments.call {} }
        }
    }

    @Test("In remote mode, too, the last known policy decides while the server is away")
    func remotePolicy() async throws {
        let worker = try await LiveServer.with { server in
            let worker = Worker(url: server.url) { $0.mode = .remote }
            let payments = worker.fusebox.breaker("payments")
            try await worker.running {
                for threshold in [3, 2] {
                    var policy = Policy()
                    policy.failureThreshold = threshold
                    _ = try await server.engine.putPolicy(policy, of: BreakerName("payments")!, actor: "alice")
                    try await payments.call {}
                    try await eventually("the policy is known") {
                        payments.entry.state.withLockedValue { $0.policy.failureThreshold == threshold }
                    }
                    worker.clock.advance(by: .seconds(60))
                }
            }
            return worker
        }
        let payments = worker.fusebox.breaker("payments")
        for _ in 1...2 { await #expect(throws: Trouble.timeout) { try await payments.call { throw Trouble.timeout } } }
        let denial = await #expect(throws: BreakerOpen.self) { try await payments.call {} }
        #expect(denial?.source == .fallback)
    }

    @Test(
        "In remote mode the last decision gives the state to use while the server is away",
        arguments: [Override.Mode.forceOpen, nil]
    )
    func remoteState(mode: Override.Mode?) async throws {
        let worker = try await LiveServer.with { server in
            try await server.trip("payments")
            if let mode { try await server.putOverride(mode, on: "payments") }
            let worker = Worker(url: server.url) { $0.mode = .remote }
            #expect(try await !worker.fusebox.breaker("payments").acquire().isAllowed)
            return worker
        }
        let payments = worker.fusebox.breaker("payments")
        worker.clock.advance(by: .milliseconds(59_999))
        let denial = await #expect(throws: BreakerOpen.self) { try await payments.call {} }
        #expect(denial?.source == .fallback && denial?.retryAfter == (mode == nil ? .milliseconds(1) : nil))
        worker.clock.advance(by: .milliseconds(1))
        #expect(try await payments.acquire().isAllowed == (mode == nil))
    }

    @Test("Outcomes wait while the server is away and are counted once on its return, and both changes are logged once")
    func comesBack() async throws {
        let folder = try TemporaryFolder()
        let (worker, port) = try await LiveServer.with(folder: folder) { server in
            try await server.report(.success, to: "payments")
            // Time passes here while a request is in flight.
            return (Worker(url: server.url) { $0.patience = .seconds(30) }, server.port)
        }
        let payments = worker.fusebox.breaker("payments")
        for _ in 1...3 { _ = try? await payments.call { throw Trouble.timeout } }
        try await payments.call {}
        #expect(worker.fusebox.statistics.waitingOutcomes == 4)
        #expect(worker.log.lines == ["fusebox is unreachable"])
        try await LiveServer.with(folder: folder, port: port) { server in
            try await worker.running {
                try await worker.untilSent()
                let breaker = try await server.breaker("payments")
                #expect(breaker.counts(at: server.clock.now()).calls == 5)
                #expect(breaker.counts(at: server.clock.now()).failures == 3)
                try await eventually("the log has both the absence and the return") { worker.log.lines.count == 2 }
                #expect(worker.log.lines == ["fusebox is unreachable", "fusebox is reachable again"])
                #expect(try await payments.acquire().source != .fallback)
            }
        }
        #expect(worker.fusebox.statistics.droppedOutcomes == 0)
    }

    @Test("A server that fails and returns ten times has one stand-in, which grants one probe, and is logged once")
    func flapping() async throws {
        try await LiveServer.with { server in
            try await SickServer.with(server) { sick in
                let worker = Worker(url: sick.url) { $0.mode = .remote }
                let payments = worker.fusebox.breaker("payments")
                func ask(_ conduct: SickServer.Conduct) async throws -> CallDecision {
                    sick.behaves { _ in conduct }
                    let pauseNs = worker.fusebox.reachability.withLockedValue {
                        $0.retryAfterNs(atNs: worker.clock.nowNs())
                    }
                    worker.clock.advance(by: .nanoseconds(pauseNs))
                    return try await payments.acquire()
                }
                let halfOpen = SickServer.Conduct.answers(200, #"{"allowed":false,"state":"half_open"}"#)
                #expect(try await ask(halfOpen).source == .server)
                var probes = 0
                for _ in 1...10 {
                    let alone = try await ask(.answers(503))
                    #expect(alone.source == .fallback)
                    if alone.isAllowed { probes += 1 }
                    await payments.report(.failure(), under: alone, took: .zero)
                    #expect(try await ask(halfOpen).source == .server)
                }
                #expect(probes == 1)
                #expect(worker.log.lines == ["fusebox is unreachable", "fusebox is reachable again"])
            }
        }
    }

    @Test("Calls are allowed while the server refuses to decide, and the refusal is logged once")
    func refused() async throws {
        try await LiveServer.with(tokens: [Token.make(name: "t", role: .worker, prefix: "").0]) { server in
            let worker = Worker(url: server.url, token: "wrong")
            let payments = worker.fusebox.breaker("payments")
            for _ in 1...3 {
                let decision = try await payments.acquire()
                #expect(decision.source == .fallback)
            }
            #expect(worker.log.lines == ["fusebox refused a decision"])
            #expect(!worker.fusebox.statistics.isAway)
        }
    }

    @Test("The server's texts cannot start another line of the log or control a terminal")
    func printable() async throws {
        try await LiveServer.with { server in
            try await SickServer.with(server) { sick in
                let problem = #"""
                    {"type":"about:blank","title":"","status":400,"code":"a\u001b","detail":"b\nc\u202ed\u2028e"}
                    """#
                sick.behaves { _ in .answers(400, problem) }
                let worker = Worker(url: sick.url)
                try await worker.fusebox.breaker("payments").call {}
                #expect(worker.log.lines == ["fusebox refused a decision", "fusebox refused outcomes"])
                let detail = "b c\u{fffd}d\u{fffd}e"
                let texts = [detail, "\(detail) (400 a\u{fffd})", "a\u{fffd}", "payments", "payments"]
                #expect(worker.log.texts.sorted() == texts.sorted())
            }
        }
    }
}
