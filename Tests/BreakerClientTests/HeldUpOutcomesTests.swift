import BreakerCore
import BreakerHTTP
import EngineSupport
import NIOConcurrencyHelpers
import TestSupport
import Testing

@testable import BreakerClient

@Suite("Outcomes that the server does not accept", .timeLimit(.minutes(2)))
struct HeldUpOutcomesTests {
    @Test(
        "If the server decides but accepts no outcomes, calls ask it, outcomes wait, and both changes are logged once"
    )
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
                    try await eventually("outcomes are held up") { worker.fusebox.statistics.areOutcomesHeldUp }
                    #expect(!worker.fusebox.statistics.isAway && worker.fusebox.statistics.waitingOutcomes == 8)
                    sick.behaves { _ in .healthy }
                    try await worker.untilSent()
                    try await eventually("no outcomes are held up") { !worker.fusebox.statistics.areOutcomesHeldUp }
                    #expect(try await server.breaker("payments").counts(at: server.clock.now()).calls == 8)
                    #expect(
                        worker.log.lines == [
                            "fusebox does not accept outcomes, so they wait", "fusebox accepts outcomes again",
                        ]
                    )
                }
            }
        }
    }

    @Test("A report that is committed but not answered is sent again and counts once")
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
        "Outcomes wait if they are refused for a temporary reason, and are dropped if they can never be accepted",
        arguments: [
            (401, false), (403, false), (404, false), (408, false), (415, false), (429, false), (503, false),
            (400, true), (413, true), (422, true),
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
                        isLost ? "fusebox refused outcomes" : "fusebox does not accept outcomes, so they wait"
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

    @Test("The shutdown waits two seconds for a server that does not answer, and no longer")
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
                // This is sooner than the time-out of the request itself.
                try await eventually("the end waits") { worker.clock.sleepers(.seconds(2)) == 1 }
                worker.clock.advance(by: .seconds(2))
                try await run.value
                #expect(worker.fusebox.statistics.waitingOutcomes == 1)
            }
        }
    }

    @Test("A server that accepts outcomes is not away, and one that accepts them late is tried before it decides again")
    func slow() async throws {
        try await LiveServer.with { server in
            try await server.report(.success, to: "payments")
            try await SickServer.with(server) { sick in
                sick.behaves { $0.hasSuffix("/acquire") ? .answers(503) : $0.hasSuffix("/reports") ? .late : .healthy }
                let worker = Worker(url: sick.url) { $0.mode = .remote }
                let payments = worker.fusebox.breaker("payments")
                try await worker.running {
                    await #expect(throws: Trouble.timeout) { try await payments.call { throw Trouble.timeout } }
                    try await eventually("the outcome is there") {
                        try await server.breaker("payments").consecutiveFailures == 1
                    }
                    worker.clock.advance(by: .milliseconds(501))
                    sick.answerLate()
                    try await eventually("it is answered") { worker.fusebox.statistics.waitingOutcomes == 0 }
                    try await eventually("the pause is over") {
                        worker.fusebox.reachability.withLockedValue { $0.retryAfterNs(atNs: worker.clock.nowNs()) == 0 }
                    }
                    try await eventually("it does not count as away") { !worker.fusebox.statistics.isAway }
                    #expect(worker.fusebox.reachability.withLockedValue { $0.isAway })
                    #expect(worker.log.lines == ["fusebox is unreachable"])
                }
            }
        }
    }

    @Test("The shutdown sends the waiting outcomes before it waits for callers that still ask")
    func farewellBesideAttempt() async throws {
        try await LiveServer.with { server in
            try await SickServer.with(server) { sick in
                try await server.report(.success, to: "payments")
                let worker = Worker(url: sick.url)
                let run = Task { try await worker.fusebox.run() }
                try await worker.untilConnected()
                sick.behaves { $0.hasSuffix("/acquire") ? .silent : .healthy }
                let unknown = worker.fusebox.breaker("unknown")
                let caller = Task { try await unknown.acquire() }
                try await worker.untilPatient(1)
                try await worker.fusebox.breaker("payments").call {}
                run.cancel()
                try await eventually("it is sent") { worker.fusebox.statistics.waitingOutcomes == 0 }
                worker.clock.advance(by: .seconds(2))
                try await run.value
                #expect(try await caller.value.source == .fallback)
            }
        }
    }

    @Test("A probe is reported at once, even while outcomes are held up and the client is not running")
    func probeReport() async throws {
        try await LiveServer.with { server in
            try await SickServer.with(server) { sick in
                let worker = Worker(url: sick.url)
                sick.behaves { $0.hasSuffix("/reports") ? .answers(503) : .healthy }
                try await worker.fusebox.breaker("other").call {}
                #expect(worker.fusebox.statistics.areOutcomesHeldUp)
                sick.behaves { _ in .healthy }
                try await server.bringToProbe("payments")
                try await worker.fusebox.breaker("payments").call {}
                #expect(try await server.breaker("payments").state == .closed)
            }
        }
    }

    @Test(
        "The unaccepted rest of a batch is sent again in order, and a refused outcome is dropped",
        arguments: ["storage_unavailable", "outcome_unknown", "overloaded"]
    )
    func partly(code: String) async throws {
        try await LiveServer.with { server in
            try await SickServer.with(server) { sick in
                let (ok, full) = (
                    #"{"applied":true,"state":"closed"}"#, #"{"error":{"code":"\#(code)","detail":"full"}}"#
                )
                let forbidden = #"{"error":{"code":"forbidden","detail":"not yours"}}"#
                let answer = #"{"accepted":2,"results":[\#(ok),\#(full),\#(ok),\#(forbidden)]}"#
                sick.behaves { $0.hasSuffix("/reports") ? .silent : .healthy }
                let worker = Worker(url: sick.url)
                for name in ["a", "b", "b", "c"] {
                    let entry = worker.fusebox.breaker(name).entry
                    let outcome: Outcome = worker.fusebox.statistics.waitingOutcomes == 2 ? .failure : .success
                    worker.fusebox.reportSender.add(
                        .init(
                            index: entry.index,
                            name: name,
                            outcome: outcome,
                            permit: .none,
                            isProbe: false,
                            durationMs: nil,
                            kind: nil,
                            detail: nil,
                            endedNs: worker.clock.nowNs()
                        )
                    )
                }
                sick.behaves { $0.hasSuffix("/reports") ? .answers(200, answer) : .healthy }
                await worker.fusebox.send(under: Reachability().beginAtAnyRate())
                let statistics = worker.fusebox.statistics
                #expect(statistics.sentOutcomes == 1 && statistics.refusedOutcomes == 1 && statistics.areOutcomesHeldUp)
                let waiting = worker.fusebox.reportSender.state.withLockedValue {
                    $0.outbox.items.map { ($0.name, $0.outcome) }
                }
                #expect(waiting.map(\.0) == ["b", "b"] && waiting.map(\.1) == [.success, .failure])
            }
        }
    }
}
