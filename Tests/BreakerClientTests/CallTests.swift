import BreakerCore
import BreakerEngine
import EngineSupport
import TestSupport
import Testing

@testable import BreakerClient

@Suite("Protected calls", .timeLimit(.minutes(2)))
struct CallTests {
    @Test("A protected call returns the body's value, and reports the outcome with its kind and duration")
    func reports() async throws {
        try await LiveServer.with { server in
            let worker = Worker(url: server.url)
            let payments = worker.fusebox.breaker("payments") { error in
                if case Trouble.badRequest = error { return .ignored }
                return .failure(kind: "timeout", detail: "the provider did not answer")
            }
            try await worker.running {
                #expect(try await payments.call { 7 } == 7)
                await #expect(throws: Trouble.badRequest) { try await payments.call { throw Trouble.badRequest } }
                await #expect(throws: Trouble.timeout) {
                    try await payments.call {
                        worker.clock.advance(by: .milliseconds(250))
                        throw Trouble.timeout
                    }
                }
                try await worker.untilSent()
                let breaker = try await server.breaker("payments")
                #expect(breaker.counts(at: server.clock.now()).calls == 2)
                let failure = try #require(breaker.lastFailure)
                #expect(failure.kind == "timeout" && failure.detail == "the provider did not answer")
                #expect(failure.durationMs == 250 && failure.reporter == "worker-1")
            }
        }
    }

    @Test("Five failures open the breaker, and a denied call is not made and gives the remaining time")
    func denied() async throws {
        try await LiveServer.with { server in
            let worker = Worker(url: server.url)
            let payments = worker.fusebox.breaker("payments")
            try await worker.running {
                for _ in 1...5 { _ = try? await payments.call { throw Trouble.timeout } }
                try await worker.untilKnown(payments, is: .open)
                let denial = await #expect(throws: BreakerOpen.self) {
                    try await payments.call { Issue.record("the call was made") }
                }
                #expect(denial?.breaker == "payments" && denial?.state == .open && denial?.source == .local)
                #expect(denial?.retryAfterSeconds == 60)
                #expect(try await server.breaker("payments").lastFailure?.kind == "Trouble")
            }
        }
    }

    @Test("A returned value can count as a failure")
    func values() async throws {
        try await LiveServer.with { server in
            let worker = Worker(url: server.url)
            let payments = worker.fusebox.breaker("payments", of: Int.self) { result in
                switch result {
                case .success(let status) where status >= 500: .failure(kind: "http_\(status)")
                case .success(404): .ignored
                default: .standard(result)
                }
            }
            try await worker.running {
                for status in [200, 404, 503] { #expect(try await payments.call { status } == status) }
                try await worker.untilSent()
                let breaker = try await server.breaker("payments")
                #expect(breaker.counts(at: server.clock.now()).calls == 2)
                #expect(breaker.lastFailure?.kind == "http_503")
            }
        }
    }

    @Test("A cancelled probe is given back at once, whatever its call throws", arguments: [true, false])
    func cancelledProbe(throwsCancellation: Bool) async throws {
        try await LiveServer.with { server in
            try await server.bringToProbe("payments")
            let worker = Worker(url: server.url)
            let payments = worker.fusebox.breaker("payments")
            try await worker.running {
                let (starts, started) = AsyncStream.makeStream(of: Void.self)
                let call = Task {
                    try await payments.call {
                        started.yield()
                        try? await Task.sleep(for: .seconds(3_600))
                        if throwsCancellation { try Task.checkCancellation() }
                        throw Trouble.timeout
                    }
                }
                _ = await starts.first { _ in true }
                call.cancel()
                _ = await call.result
                try await worker.untilSent()
                let breaker = try await server.breaker("payments")
                #expect(breaker.state == .halfOpen && breaker.leases.isEmpty && breaker.lostProbes == 0)
            }
        }
    }

    @Test("A CancellationError of the downstream in a task that is not cancelled is classified like any other error")
    func cancelledByOthers() async throws {
        try await LiveServer.with { server in
            let worker = Worker(url: server.url)
            let payments = worker.fusebox.breaker("payments")
            let search = worker.fusebox.breaker("search", of: Int.self) { result in
                if case .failure(is CancellationError) = result { .failure(kind: "gave_up") } else { .standard(result) }
            }
            for _ in 1...5 {
                await #expect(throws: CancellationError.self) { try await payments.call { throw CancellationError() } }
                await #expect(throws: CancellationError.self) {
                    try await search.call {
                        let part = Task { try await Task.sleep(for: .seconds(3_600)) }
                        part.cancel()
                        try await part.value
                        return 7
                    }
                }
            }
            for (name, kind) in [("payments", "CancellationError"), ("search", "gave_up")] {
                let breaker = try await server.breaker(name)
                #expect(breaker.state == .open && breaker.lastFailure?.kind == kind)
            }
        }
    }

    @Test("A task group that cancels its children counts by the error that it throws")
    func cancelledParts() async throws {
        try await LiveServer.with { server async throws in
            let worker = Worker(url: server.url)
            let payments = worker.fusebox.breaker("payments")
            await #expect(throws: Trouble.timeout) {
                try await payments.call {
                    try await withThrowingTaskGroup(of: Void.self) { group in
                        group.addTask { try await Task.sleep(for: .seconds(3_600)) }
                        group.addTask { throw Trouble.timeout }
                        for try await _ in group {}
                    }
                }
            }
            #expect(try await server.breaker("payments").lastFailure?.kind == "Trouble")
        }
    }

    @Test("No probe is lost if the calls that ask for it are cancelled at random moments")
    func cancellationHammered() async throws {
        try await LiveServer.with { server in
            try await server.bringToProbe("payments")
            let worker = Worker(url: server.url)
            let payments = worker.fusebox.breaker("payments")
            try await worker.running {
                var random = SplitMix64(seed: 7)
                for number in 1...300 {
                    let (decisions, decided) = AsyncStream.makeStream(of: Void.self)
                    let call = Task {
                        defer { decided.yield() }
                        try await payments.call {
                            decided.yield()
                            try await Task.sleep(for: .seconds(3_600))
                        }
                    }
                    if number.isMultiple(of: 3) {
                        _ = await decisions.first { _ in true }
                    } else {
                        for _ in 0..<Int.random(in: 0...200, using: &random) { await Task.yield() }
                    }
                    call.cancel()
                    _ = await call.result
                }
                try await eventually("every probe is given back") {
                    worker.clock.advance(by: .milliseconds(50))
                    guard worker.fusebox.statistics.waitingOutcomes == 0 else { return false }
                    return try await server.breaker("payments").leases.isEmpty
                }
                let breaker = try await server.breaker("payments")
                #expect(breaker.state == .halfOpen && breaker.lostProbes == 0)
                let statistics = worker.fusebox.statistics
                #expect(statistics.decisions.server.allowed > 0, "some were cancelled within their call")
                #expect(statistics.sentOutcomes > statistics.decisions.server.allowed, "and some before")
                try await payments.call {}
            }
        }
    }

    @Test("Each outcome is sent once while many tasks call a breaker that changes")
    func hammered() async throws {
        try await LiveServer.with { server in
            let worker = Worker(url: server.url)
            let payments = worker.fusebox.breaker("payments")
            try await worker.running {
                let made = try await withThrowingTaskGroup(of: Int.self) { group in
                    for task in 1...8 {
                        group.addTask {
                            var random = SplitMix64(seed: UInt64(task))
                            var made = 0
                            for _ in 1...300 {
                                do {
                                    try await payments.call {
                                        made += 1
                                        await Task.yield()
                                        if Int.random(in: 0..<3, using: &random) == 0 { throw Trouble.timeout }
                                    }
                                } catch is BreakerOpen {
                                    // This is what an operator may do. If the breaker is half open, the next of these
                                    // calls is the probe.
                                    _ = try await server.engine.reset(
                                        BreakerName("payments")!,
                                        to: Bool.random(using: &random) ? .closed : .halfOpen,
                                        actor: "alice"
                                    )
                                } catch is Trouble {}
                            }
                            return made
                        }
                    }
                    return try await group.reduce(0, +)
                }
                try await worker.untilSent()
                let statistics = worker.fusebox.statistics
                #expect(statistics.sentOutcomes == made)
                #expect(statistics.droppedOutcomes == 0 && statistics.refusedOutcomes == 0)
                #expect(try await server.breaker("payments").lostProbes == 0)
            }
        }
    }

    @Test("Many simultaneous calls get a single probe")
    func oneProbe() async throws {
        try await LiveServer.with { server in
            try await server.bringToProbe("payments")
            let worker = Worker(url: server.url)
            let payments = worker.fusebox.breaker("payments")
            try await worker.running {
                let (ends, end) = AsyncStream.makeStream(of: Void.self)
                let made = await withTaskGroup(of: Bool.self) { group in
                    for _ in 1...100 {
                        group.addTask {
                            (try? await payments.call { _ = await ends.first { _ in true } }) != nil
                        }
                    }
                    var made = 0
                    for number in 1...100 {
                        if number == 100 { end.yield() }
                        if await group.next() == true { made += 1 }
                    }
                    return made
                }
                #expect(made == 1)
            }
        }
    }
}
