import AsyncHTTPClient
import BreakerCore
import BreakerEngine
import BreakerHTTP
import EngineSupport
import NIOConcurrencyHelpers
import NIOCore
import TestSupport
import Testing

@testable import BreakerClient

@Suite("A server that fails in part", .timeLimit(.minutes(2)))
struct SickServerTests {
    @Test("A server that never answers is waited for once, and then counts as away")
    func silent() async throws {
        try await LiveServer.with { server in
            try await SickServer.with(server) { sick in
                sick.behaves { _ in .silent }
                let worker = Worker(url: sick.url)
                let payments = worker.fusebox.breaker("payments")
                try await withThrowingTaskGroup(of: CallDecision.Source.self) { group in
                    for _ in 1...50 { group.addTask { try await payments.acquire().source } }
                    try await eventually("all ask") { sick.requests("/acquire") == 50 }
                    try await worker.endPatience(of: 50)
                    for try await source in group { #expect(source == .fallback) }
                }
                #expect(worker.log.lines == ["fusebox does not decide in time"] && !worker.fusebox.statistics.isAway)
                // These calls do not wait: the clock stands still.
                for _ in 1...100 { #expect(try await payments.acquire().source == .fallback) }
                #expect(sick.requests("/acquire") == 50)
                try await worker.endSilence(of: 50)
                #expect(worker.fusebox.reachability.withLockedValue { $0.absence.number } == 1)
                let one = Task { try await payments.acquire() }
                try await eventually("one tries") { sick.requests("/acquire") == 51 }
                try await worker.untilPatient(1)
                for _ in 1...100 { #expect(try await payments.acquire().source == .fallback) }
                try await worker.endPatience(of: 1)
                #expect(try await one.value.source == .fallback && sick.requests("/acquire") == 51)
                #expect(worker.log.lines == ["fusebox does not decide in time", "fusebox is unreachable"])
            }
        }
    }

    @Test("A cancelled caller leaves it to the request to find out that the server is away")
    func cancelled() async throws {
        try await LiveServer.with { server in
            try await SickServer.with(server) { sick in
                sick.behaves { _ in .silent }
                let worker = Worker(url: sick.url)
                let payments = worker.fusebox.breaker("payments")
                let caller = Task { try await payments.acquire() }
                try await eventually("it asks") { sick.requests("/acquire") == 1 }
                caller.cancel()
                await #expect(throws: CancellationError.self) { try await caller.value }
                try await worker.endPatience(of: 1)
                // This is sooner than the time-out of the request itself.
                try await worker.endSilence(of: 1)
            }
        }
    }

    @Test("A caller that is cancelled before its request sends none")
    func cancelledBefore() async throws {
        try await LiveServer.with { server in
            try await SickServer.with(server) { sick in
                let fusebox = Worker(url: sick.url).fusebox
                let payments = fusebox.breaker("payments")
                let caller = Task {
                    while !Task.isCancelled { await Task.yield() }
                    return try await payments.acquire()
                }
                caller.cancel()
                await #expect(throws: CancellationError.self) { try await caller.value }
                await fusebox.lateAttempts.end()
                #expect(sick.requests("/acquire") == 0)
            }
        }
    }

    @Test("The client does not wait for an answer that is too late, and gives back the probe that it grants")
    func tooLate() async throws {
        try await LiveServer.with { server in
            try await SickServer.with(server) { sick in
                try await server.bringToProbe("payments")
                sick.behaves { $0.hasSuffix("/acquire") ? .late : .healthy }
                let worker = Worker(url: sick.url)
                let payments = worker.fusebox.breaker("payments")
                let call = Task { try await payments.acquire() }
                try await eventually("the probe is granted") { try await !server.breaker("payments").leases.isEmpty }
                try await worker.endPatience(of: 1)
                #expect(try await call.value.source == .fallback)
                sick.answerLate()
                try await eventually("the probe is given back") {
                    try await server.breaker("payments").leases.isEmpty
                }
                #expect(try await server.breaker("payments").lostProbes == 0)
                #expect(worker.log.lines == ["fusebox does not decide in time"])
            }
        }
    }

    @Test(
        "A decision that may be a probe is waited for longer than one of a closed breaker",
        arguments: [(true, Duration.milliseconds(500)), (false, .milliseconds(50))]
    )
    func patience(mayBeProbe: Bool, patience: Duration) async throws {
        try await LiveServer.with { server in
            try await SickServer.with(server) { sick in
                let worker = Worker(url: sick.url) { $0.mode = .remote }
                let payments = worker.fusebox.breaker("payments")
                if mayBeProbe {
                    try await server.trip("payments")
                    #expect(try await !payments.acquire().isAllowed)
                    server.clock.advance(byMs: Policy().recoveryTimeoutMs)
                    worker.clock.advance(by: .milliseconds(Policy().recoveryTimeoutMs))
                } else {
                    #expect(try await payments.acquire().isAllowed)
                }
                sick.behaves { _ in .late }
                let call = Task { try await payments.acquire() }
                try await worker.untilPatient(1)
                #expect(worker.clock.sleepers(patience) == 1)
                sick.answerLate()
                #expect(try await call.value.source == .server)
            }
        }
    }

    @Test("A failed downstream gets one call, however often a probe of it is granted too late")
    func lateProbes() async throws {
        try await LiveServer.with { server in
            try await SickServer.with(server) { sick in
                try await server.trip("payments")
                let worker = Worker(url: sick.url) { $0.mode = .remote }
                let (payments, other) = (worker.fusebox.breaker("payments"), worker.fusebox.breaker("other"))
                #expect(try await payments.acquire().state == .open)
                worker.clock.advance(by: .milliseconds(Policy().recoveryTimeoutMs))
                let calls = NIOLockedValueBox(0)
                for _ in 1...5 {
                    sick.behaves { $0.hasSuffix("payments/acquire") ? .late : .healthy }
                    let call = Task {
                        try await payments.call {
                            calls.withLockedValue { $0 += 1 }
                            throw Trouble.timeout
                        }
                    }
                    try await eventually("the probe is granted") {
                        try await !server.breaker("payments").leases.isEmpty
                    }
                    try await worker.endPatience(of: 1)
                    await #expect(throws: (any Error).self) { try await call.value }
                    sick.answerLate()
                    try await eventually("the probe is given back") {
                        try await server.breaker("payments").leases.isEmpty
                    }
                    worker.clock.advance(by: .nanoseconds(Reachability.longestPauseNs))
                    #expect(try await other.acquire().source == .server)
                }
                #expect(calls.withLockedValue { $0 } == 1)
                #expect(worker.log.lines == ["fusebox does not decide in time"])
            }
        }
    }

    @Test("A server that makes no decisions while its stream works is away until it decides again")
    func deaf() async throws {
        try await LiveServer.with { server in
            try await SickServer.with(server) { sick in
                sick.behaves { $0.hasSuffix("/acquire") || $0.hasSuffix("/reports") ? .answers(503) : .healthy }
                let worker = Worker(url: sick.url)
                let payments = worker.fusebox.breaker("payments")
                try await worker.running {
                    for _ in 1...5 {
                        await #expect(throws: Trouble.timeout) { try await payments.call { throw Trouble.timeout } }
                    }
                    await #expect(throws: BreakerOpen.self) { try await payments.call {} }
                    for name in ["a", "b", "c"] {
                        let other = worker.fusebox.breaker(name)
                        try await server.report(.success, to: name)
                        try await worker.untilKnown(other, is: .closed)
                    }
                    // Each of these changes was a sign of life.
                    try await eventually("both are said") { worker.log.lines.count >= 2 }
                    #expect(
                        worker.log.lines.sorted() == [
                            "fusebox does not accept outcomes, so they wait", "fusebox is unreachable",
                        ]
                    )
                    #expect(worker.fusebox.statistics.isAway)
                    let denial = await #expect(throws: BreakerOpen.self) { try await payments.call {} }
                    #expect(denial?.source == .fallback, "who stood in for it is still there")
                }
            }
        }
    }

    @Test("A stream that is silent for two and a half heartbeats is broken off, and the process's own breaker counts")
    func silentStream() async throws {
        try await LiveServer.with { server in
            try await SickServer.with(server) { sick in
                try await server.report(.success, to: "payments")
                let worker = Worker(url: sick.url)
                let payments = worker.fusebox.breaker("payments")
                try await worker.running {
                    sick.behaves { $0.hasSuffix("/events") ? .silent : .answers(503) }
                    worker.clock.advance(by: .seconds(150))
                    try await eventually("the stream is broken") { !worker.fusebox.statistics.isConnected }
                    for _ in 1...5 {
                        await #expect(throws: Trouble.timeout) {
                            try await payments.call { decision in
                                #expect(decision.source == .local)
                                throw Trouble.timeout
                            }
                        }
                    }
                    let denial = await #expect(throws: BreakerOpen.self) { try await payments.call {} }
                    #expect(denial?.source == .fallback)
                }
            }
        }
    }

    @Test(
        "A policy that cannot be read does not delay the others, and durations are reported until it is known",
        arguments: [
            (404, #"{"type":"x","title":"x","status":404,"detail":"x","code":"unknown_breaker"}"#),
            (200, #"{"policy":{"later":1}}"#),
        ]
    )
    func policies(status: Int, body: String) async throws {
        try await LiveServer.with { server in
            try await SickServer.with(server) { sick in
                sick.behaves { $0 == "/v1/breakers/a" ? .answers(status, body) : .healthy }
                for name in ["a", "b"] { try await server.report(.success, to: name) }
                let worker = Worker(url: sick.url)
                let (first, second) = (worker.fusebox.breaker("a"), worker.fusebox.breaker("b"))
                try await worker.running {
                    // After each change the client requests the policies that have changed.
                    for threshold in [3, 4] {
                        var policy = Policy()
                        policy.failureThreshold = threshold
                        _ = try await server.engine.putPolicy(policy, of: BreakerName("b")!, actor: "alice")
                        try await eventually("the second is known") {
                            second.entry.state.withLockedValue { $0.policy.failureThreshold == threshold }
                        }
                    }
                    #expect(first.entry.state.withLockedValue { !$0.isPolicyKnown })
                    try await first.call {}
                    #expect(
                        worker.fusebox.reportSender.state.withLockedValue { $0.outbox.items.first?.durationMs } == 0
                    )
                    #expect(sick.requests("/v1/breakers/a") == 1, "it is not asked for again until it changes")
                }
            }
        }
    }

    @Test("An extreme number from the server is limited, and nothing traps", arguments: [Int64.max, .min, -1])
    func huge(number: Int64) async throws {
        try await LiveServer.with { server in
            try await SickServer.with(server) { sick in
                sick.behaves { path in
                    path.hasPrefix("/v1/breakers/a/")
                        ? .answers(200, #"{"allowed":false,"state":"open","retry_after_ms":\#(number)}"#)
                        : .answers(200, #"{"allowed":true,"state":"half_open","permit":"9-a","lease_ms":\#(number)}"#)
                }
                let worker = Worker(url: sick.url)
                let denial = try await worker.fusebox.breaker("a").acquire()
                #expect(denial.retryAfter.map { $0 >= .zero } == true)
                let probe = try await worker.fusebox.breaker("b").acquire()
                #expect(probe.isProbe && probe.lease.map { $0 >= .zero } == true)
            }
        }
    }

    @Test("An answer that begins and never ends is given up at the time-out")
    func stalls() async throws {
        try await LiveServer.with { server in
            try await SickServer.with(server) { sick in
                sick.behaves { _ in .stalls }
                let client = FuseboxClient(url: sick.url, timeout: .seconds(1))
                await #expect(throws: HTTPClientError.deadlineExceeded) { try await client.acquire("payments") }
            }
        }
    }
}
