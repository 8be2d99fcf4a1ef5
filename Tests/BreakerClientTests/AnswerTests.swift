import BreakerCore
import EngineSupport
import NIOConcurrencyHelpers
import Synchronization
import TestSupport
import Testing

@testable import BreakerClient

@Suite("The server's answers", .timeLimit(.minutes(2)))
struct AnswerTests {
    @Test("After a probe that closes the breaker the next call is allowed at once, again and again")
    func nextCall() async throws {
        try await LiveServer.with { server in
            let worker = Worker(url: server.url)
            let payments = worker.fusebox.breaker("payments")
            try await worker.running {
                for _ in 1...15 {
                    for _ in 1...5 { _ = try? await payments.call { throw Trouble.timeout } }
                    try await worker.untilKnown(payments, is: .open)
                    worker.clock.advance(by: .seconds(60))
                    try await payments.call { #expect($0.isProbe) }
                    #expect(payments.knownState == .closed)
                    try await payments.call { #expect($0.source == .local) }
                    try await worker.untilSent()
                    try await worker.untilKnown(payments, is: .closed)
                }
            }
        }
    }

    @Test("A probe that is given back is free for the next call")
    func givenBack() async throws {
        try await LiveServer.with { server in
            try await server.bringToProbe("payments")
            let worker = Worker(url: server.url)
            let payments = worker.fusebox.breaker("payments") { _ in .ignored }
            try await worker.running {
                for _ in 1...10 {
                    await #expect(throws: Trouble.badRequest) { try await payments.call { throw Trouble.badRequest } }
                }
            }
        }
    }

    @Test(
        "A probing call waits for the answer to its report until its patience ends or it is cancelled",
        arguments: [true, false]
    )
    func patience(isCancelled: Bool) async throws {
        try await LiveServer.with { server in
            try await SickServer.with(server) { sick in
                try await server.bringToProbe("payments")
                sick.behaves { $0.hasSuffix("/reports") ? .late : .healthy }
                let worker = Worker(url: sick.url)
                let payments = worker.fusebox.breaker("payments")
                try await worker.running {
                    let call = Task { try await payments.call {} }
                    try await eventually("the report is taken") {
                        try await server.breaker("payments").state == .closed
                    }
                    if isCancelled {
                        call.cancel()
                    } else {
                        try await worker.endPatience(of: 1)
                    }
                    try await call.value
                    #expect(!worker.fusebox.statistics.areOutcomesHeldUp && worker.log.lines.isEmpty)
                    sick.answerLate()
                    try await worker.untilSent()
                    #expect(payments.knownState == .closed)
                }
            }
        }
    }

    /// Makes a client whose stream has sent that the breaker is closed, and is late after that.
    private func workerWithLateStream(_ server: LiveServer) async throws -> (worker: Worker, payments: SharedBreaker) {
        try await server.report(.success, to: "payments")
        let worker = Worker(url: server.url)
        let payments = worker.fusebox.breaker("payments")
        payments.show(.closed, try await server.breaker("payments").generation)
        worker.fusebox.confirmedNs.store(worker.clock.nowNs(), ordering: .relaxed)
        return (worker, payments)
    }

    @Test("A report's answer makes a later generation known before the stream does, and a denial's answer its end")
    func ahead() async throws {
        try await LiveServer.with { server in
            let (_, payments) = try await workerWithLateStream(server)
            try await server.trip("payments")
            try await payments.call { #expect($0.source == .local) }
            #expect(payments.knownState == .open)
            for source in [CallDecision.Source.server, .local] {
                let denial = try await payments.acquire()
                #expect(!denial.isAllowed && denial.source == source && denial.retryAfter == .seconds(60))
            }
        }
    }

    @Test("If the server goes away, an opening without a known end lasts for the recovery timeout")
    func thenAway() async throws {
        let payments = try await LiveServer.with { server in
            let (_, payments) = try await workerWithLateStream(server)
            try await server.trip("payments")
            try await payments.call {}
            return payments
        }
        let denial = try await payments.acquire()
        #expect(!denial.isAllowed && denial.source == .fallback && denial.retryAfter == .seconds(60))
    }

    @Test("A stream message of an earlier generation than an answer is ignored; one of the same or a later one counts")
    func lateStream() async throws {
        try await LiveServer.with { server in
            let (worker, payments) = try await workerWithLateStream(server)
            let first = try await server.breaker("payments").generation
            try await server.bringToProbe("payments")
            worker.clock.advance(by: .seconds(601))
            try await payments.call { #expect($0.isProbe) }
            let last = try await server.breaker("payments").generation
            #expect(payments.knownState == .closed && last > first)
            payments.show(.halfOpen, last - 1)
            #expect(payments.knownState == .closed)
            payments.show(.closed, last)
            payments.show(.halfOpen, last - 1)
            #expect(payments.knownState == .halfOpen, "a stream that is not behind may go back to another history")
        }
    }

    @Test("A stream that starts again with a resync replaces the state from any answer")
    func anew() async throws {
        try await LiveServer.with { server in
            let (_, payments) = try await workerWithLateStream(server)
            try await server.trip("payments")
            try await payments.call {}
            #expect(payments.knownState == .open)
            payments.fusebox.panel.replace([payments.name: LocalSummary(.closed, 1)], isOtherHistory: false)
            #expect(payments.knownState == .closed)
        }
    }

    @Test("An answer from a former database changes nothing", arguments: ["acquire", "reports"])
    func formerDatabase(request: String) async throws {
        try await LiveServer.with { server in
            try await SickServer.with(server) { sick in
                try await server.trip("payments")
                sick.behaves { _ in .late }
                let worker = Worker(url: sick.url)
                let payments = worker.fusebox.breaker("payments")
                payments.show(.closed, 1)
                if request == "reports" { worker.fusebox.confirmedNs.store(worker.clock.nowNs(), ordering: .relaxed) }
                let call = Task { try? await payments.call {} }
                try await eventually("the request is sent") { sick.requests("/" + request) == 1 }
                payments.fusebox.panel.replace([payments.name: LocalSummary(.closed, 1)], isOtherHistory: true)
                sick.answerLate()
                await call.value
                #expect(payments.knownState == .closed)
                payments.show(.halfOpen, 2)
                #expect(payments.knownState == .halfOpen)
                #expect(payments.entry.state.withLockedValue { $0.decidedSummary == nil && $0.lastPermit == .none })
            }
        }
    }

    @Test("An answer leaves a shadow override in force, both in the panel and in the stand-in for an absent server")
    func shadow() throws {
        var known = LocalSummary(.closed, 1)
        known.override = LocalOverride(mode: .shadow)
        let entry = BreakerEntry(name: "payments", index: 0, summary: known)
        entry.take(.open, generation: 2, history: entry.history)
        let here = try #require(entry.decide(atNs: 0))
        #expect(here.isAllowed && here.wouldDeny && here.state == .open)
        let own = entry.state.withLockedValue { $0.askStandIn(of: "payments", absence: 1, atNs: 0) }
        #expect(own.isAllowed && own.wouldDeny)
    }

    @Test("A name that the stream has not sent stays unknown")
    func unknown() async throws {
        try await LiveServer.with { server in
            let worker = Worker(url: server.url)
            worker.fusebox.confirmedNs.store(worker.clock.nowNs(), ordering: .relaxed)
            let payments = worker.fusebox.breaker("payments")
            for _ in 1...2 { try await payments.call { #expect($0.source == .server) } }
            #expect(payments.knownState == nil)
        }
    }
}

extension SharedBreaker {
    fileprivate func show(_ state: BreakerState, _ generation: Int64) {
        fusebox.panel.show(name, LocalSummary(state, generation))
    }
}

extension LocalSummary {
    fileprivate init(_ state: BreakerState, _ generation: Int64) {
        self.init(answered: state)
        self.generation = generation
    }
}
