import BreakerCore
import BreakerHTTP
import EngineSupport
import NIOConcurrencyHelpers
import TestSupport
import Testing

@testable import BreakerClient

@Suite("While the server is half there", .timeLimit(.minutes(2)))
struct SickServerTests {
    @Test("One that takes requests and never answers is waited for once, however many call, and said to be away once")
    func silent() async throws {
        try await LiveServer.with { server in
            try await SickServer.with(server) { sick in
                sick.behaves { _ in .silent }
                let worker = Worker(url: sick.url)
                let payments = worker.fusebox.breaker("payments")
                try await withThrowingTaskGroup(of: CallDecision.Source.self) { group in
                    for _ in 1...50 { group.addTask { try await payments.acquire().source } }
                    try await eventually("all ask") { sick.requests("/acquire") == 50 }
                    worker.clock.advance(by: .milliseconds(50))
                    for try await source in group { #expect(source == .fallback) }
                }
                #expect(worker.fusebox.reachability.withLockedValue { $0.absences } == 1)
                #expect(worker.log.lines == ["fusebox is away"])
                // The clock stands still, so these do not wait.
                for _ in 1...100 { #expect(try await payments.acquire().source == .fallback) }
                #expect(sick.requests("/acquire") == 50)
                worker.clock.advance(by: .nanoseconds(Reachability.firstPauseNs))
                let one = Task { try await payments.acquire() }
                try await eventually("one tries") { sick.requests("/acquire") == 51 }
                for _ in 1...100 { #expect(try await payments.acquire().source == .fallback) }
                worker.clock.advance(by: .milliseconds(50))
                #expect(try await one.value.source == .fallback && sick.requests("/acquire") == 51)
            }
        }
    }

    @Test("A caller that is cancelled leaves the finding out to others")
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
                #expect(!worker.fusebox.statistics.isAway)
                worker.clock.advance(by: .milliseconds(50))
                // Sooner than the request itself is given up.
                try await eventually("the server counts as away", within: 5) { worker.fusebox.statistics.isAway }
            }
        }
    }

    @Test("A caller that is cancelled before it asks does not ask")
    func cancelledBefore() async throws {
        try await LiveServer.with { server in
            try await SickServer.with(server) { sick in
                let payments = Worker(url: sick.url).fusebox.breaker("payments")
                let caller = Task {
                    while !Task.isCancelled { await Task.yield() }
                    return try await payments.acquire()
                }
                caller.cancel()
                await #expect(throws: CancellationError.self) { try await caller.value }
                #expect(sick.requests("/acquire") == 0)
            }
        }
    }

    @Test("A server that answers too late is not waited for, and the probe that it granted is given back")
    func tooLate() async throws {
        try await LiveServer.with { server in
            try await SickServer.with(server) { sick in
                try await server.bringToProbe("payments")
                sick.behaves { $0.hasSuffix("/acquire") ? .late : .healthy }
                let worker = Worker(url: sick.url)
                let payments = worker.fusebox.breaker("payments")
                let call = Task { try await payments.acquire() }
                try await eventually("the probe is granted") { try await !server.breaker("payments").leases.isEmpty }
                worker.clock.advance(by: .milliseconds(50))
                #expect(try await call.value.source == .fallback)
                sick.answerLate()
                try await eventually("the probe is given back") {
                    try await server.breaker("payments").leases.isEmpty
                }
                #expect(try await server.breaker("payments").lostProbes == 0)
                #expect(worker.log.lines == ["fusebox is away"])
            }
        }
    }

    @Test("One that decides nothing while its stream lives is away, until it decides")
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
                    // Each of these was a sign of life.
                    try await eventually("both are said") { worker.log.lines.count >= 2 }
                    #expect(
                        worker.log.lines.sorted() == ["fusebox is away", "fusebox takes no outcomes, so they wait"]
                    )
                    #expect(worker.fusebox.statistics.isAway)
                    let denial = await #expect(throws: BreakerOpen.self) { try await payments.call {} }
                    #expect(denial?.source == .fallback, "who stood in for it is still there")
                }
            }
        }
    }

    @Test("With a full disk it decides and takes no outcome: they wait, it is asked, and both are said once")
    func fullDisk() async throws {
        try await LiveServer.with { server in
            try await SickServer.with(server) { sick in
                sick.behaves { $0.hasSuffix("/reports") ? .answers(503) : .healthy }
                let worker = Worker(url: sick.url) { $0.mode = .remote }
                let payments = worker.fusebox.breaker("payments")
                try await worker.running {
                    for _ in 1...4 {
                        await #expect(throws: Trouble.timeout) { try await payments.call { throw Trouble.timeout } }
                        try await payments.call { #expect($0.source == .server) }
                    }
                    try await eventually("it is told") { worker.fusebox.statistics.areOutcomesHeldUp }
                    #expect(!worker.fusebox.statistics.isAway && worker.fusebox.statistics.waitingOutcomes == 8)
                    sick.behaves { _ in .healthy }
                    try await worker.untilSent()
                    try await eventually("it is told") { !worker.fusebox.statistics.areOutcomesHeldUp }
                    #expect(try await server.breaker("payments").counts(at: server.clock.now()).calls == 8)
                    #expect(
                        worker.log.lines == ["fusebox takes no outcomes, so they wait", "fusebox takes outcomes again"]
                    )
                }
            }
        }
    }

    @Test("What is committed and not answered is sent again, and counts once")
    func lostAnswer() async throws {
        try await LiveServer.with { server in
            try await SickServer.with(server) { sick in
                sick.behaves { $0.hasSuffix("/reports") ? .losesAnswer : .healthy }
                let worker = Worker(url: sick.url)
                let payments = worker.fusebox.breaker("payments")
                try await worker.running {
                    for _ in 1...3 { _ = try? await payments.call { throw Trouble.timeout } }
                    try await eventually("they are there") {
                        worker.clock.advance(by: .milliseconds(50))
                        return try await server.breaker("payments").consecutiveFailures == 3
                    }
                    sick.behaves { _ in .healthy }
                    try await worker.untilSent()
                    #expect(try await server.breaker("payments").counts(at: server.clock.now()).calls == 3)
                    #expect(worker.fusebox.statistics.sentOutcomes == 3)
                }
            }
        }
    }

    @Test(
        "Outcomes that are refused for a reason that may pass wait; those that nobody would take are let go",
        arguments: [
            (401, false), (403, false), (404, false), (408, false), (429, false), (503, false), (400, true),
            (413, true),
            (422, true),
        ]
    )
    func refusedBatch(status: Int, isLost: Bool) async throws {
        try await LiveServer.with { server in
            try await SickServer.with(server) { sick in
                sick.behaves { $0.hasSuffix("/reports") ? .answers(status) : .healthy }
                let worker = Worker(url: sick.url)
                let payments = worker.fusebox.breaker("payments")
                _ = try? await payments.call { throw Trouble.timeout }
                _ = try? await payments.call { throw Trouble.timeout }
                let statistics = worker.fusebox.statistics
                #expect(
                    statistics.waitingOutcomes == (isLost ? 0 : 2) && statistics.refusedOutcomes == (isLost ? 2 : 0)
                )
                #expect(
                    worker.log.lines == [
                        isLost ? "fusebox refused outcomes" : "fusebox takes no outcomes, so they wait"
                    ]
                )
                guard !isLost else { return }
                sick.behaves { _ in .healthy }
                worker.clock.advance(by: .nanoseconds(Reachability.firstPauseNs))
                try await payments.call {}
                #expect(worker.fusebox.statistics.waitingOutcomes == 0)
                #expect(try await server.breaker("payments").counts(at: server.clock.now()).calls == 3)
            }
        }
    }

    @Test("The end waits two seconds for a server that does not answer, and no longer")
    func farewell() async throws {
        try await LiveServer.with { server in
            try await SickServer.with(server) { sick in
                sick.behaves { $0.hasSuffix("/reports") ? .silent : .healthy }
                let worker = Worker(url: sick.url)
                let payments = worker.fusebox.breaker("payments")
                let run = Task { try await worker.fusebox.run() }
                try await worker.untilConnected()
                _ = try? await payments.call { throw Trouble.timeout }
                try await eventually("the outcome is on its way") { sick.requests("/reports") == 1 }
                run.cancel()
                // Sooner than the request itself is given up.
                try await eventually("the end waits", within: 5) { worker.clock.sleeps(.seconds(2)) }
                worker.clock.advance(by: .seconds(2))
                try await run.value
                #expect(worker.fusebox.statistics.waitingOutcomes == 1)
            }
        }
    }

    @Test("A policy that is not to be had holds up no other, and keeps durations telling", arguments: [404, 200])
    func policies(status: Int) async throws {
        try await LiveServer.with { server in
            try await SickServer.with(server) { sick in
                let unread = SickServer.Conduct.answers(status, #"{"policy":{"later":1}}"#)
                sick.behaves { $0 == "/v1/breakers/a" ? unread : .healthy }
                for name in ["a", "b"] { try await server.report(.success, to: name) }
                let worker = Worker(url: sick.url)
                let (first, second) = (worker.fusebox.breaker("a"), worker.fusebox.breaker("b"))
                try await worker.running {
                    try await eventually("the second is known") {
                        second.entry.state.withLockedValue { $0.policyRevision != nil }
                    }
                    #expect(first.entry.state.withLockedValue { $0.policyRevision == nil })
                    try await first.call {}
                    #expect(worker.fusebox.outlet.state.withLockedValue { $0.outbox.items.first?.durationMs } == 0)
                    #expect(sick.requests("/v1/breakers/a") == 1, "it is not asked for again until it changes")
                }
            }
        }
    }
}
