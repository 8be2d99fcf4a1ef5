import BreakerCore
import EngineSupport
import TestSupport
import Testing

@testable import BreakerClient

@Suite("A call within a call of the same breaker", .timeLimit(.minutes(2)))
struct NestedCallTests {
    @Test("A probe that calls its own breaker closes it, for each combination of call types", arguments: Shape.all)
    func probe(shape: Shape) async throws {
        try await LiveServer.with { server in
            try await server.bringToProbe("payments")
            let worker = Worker(url: server.url)
            try await worker.running {
                let value = try await shape.outer.call(worker.fusebox) {
                    try await shape.inner.call(worker.fusebox) { 7 }
                }
                #expect(value == 7)
                try await worker.untilSent()
                let breaker = try await server.breaker("payments")
                #expect(breaker.state == .closed && breaker.leases.isEmpty)
            }
        }
    }

    @Test("Nested calls in any depth and number of tasks count as one decision and report one outcome")
    func countsOnce() async throws {
        try await LiveServer.with { server in
            let worker = Worker(url: server.url)
            let payments = worker.fusebox.breaker("payments")
            try await worker.running {
                try await payments.call { outer in
                    try await payments.call { inner in
                        #expect(inner.source == outer.source)
                        try await payments.call {}
                    }
                    try await withThrowingTaskGroup(of: Void.self) { group in
                        for _ in 1...3 { group.addTask { try await payments.call {} } }
                        try await group.waitForAll()
                    }
                    try await Task { try await payments.call {} }.value
                    let decision = try await payments.acquire()
                    await payments.report(.failure(), under: decision, took: .zero)
                }
                try await worker.untilSent()
                let counts = try await server.breaker("payments").counts(at: server.clock.now())
                #expect(counts.calls == 1 && counts.failures == 1)
                #expect(payments.decisions.server == .init(allowed: 1, denied: 0))
                #expect(worker.fusebox.statistics.sentOutcomes == 1)
            }
        }
    }

    @Test("The outer call classifies an error that the inner call throws")
    func thrown() async throws {
        try await LiveServer.with { server in
            let worker = Worker(url: server.url)
            let inner = worker.fusebox.breaker("payments") { _ in .failure(kind: "inner") }
            let outer = worker.fusebox.breaker("payments") { _ in .failure(kind: "outer") }
            try await worker.running {
                await #expect(throws: Trouble.timeout) {
                    try await outer.call { try await inner.call { throw Trouble.timeout } }
                }
                try await worker.untilSent()
                let breaker = try await server.breaker("payments")
                #expect(breaker.lastFailure?.kind == "outer")
                #expect(breaker.counts(at: server.clock.now()).calls == 1)
                #expect(breaker.counts(at: server.clock.now()).failures == 1)
            }
        }
    }

    /// How a call handles the failure of a nested call.
    enum Course: CaseIterable {
        case fallback, value, report, deeper, thenAnother, caught

        func run(_ fusebox: Fusebox) async throws -> Int {
            let payments = fusebox.breaker("payments")
            let inner: @Sendable (Result<Int, any Error>) -> CallOutcome = { _ in .failure(kind: "inner") }
            let served = fusebox.breaker("payments", of: Int.self, classify: inner, fallback: .value(7))
            switch self {
            case .fallback: return try await served.call { throw Trouble.timeout }
            case .value:
                return try await fusebox.breaker("payments", of: Int.self, classify: inner).call { 7 }
            case .report:
                await payments.report(.failure(kind: "inner"), under: try await payments.acquire(), took: .zero)
            case .deeper: return try await payments.call { try await Course.fallback.run(fusebox) }
            case .thenAnother:
                _ = try await Course.fallback.run(fusebox)
                try await payments.call {}
            case .caught:
                await #expect(throws: Trouble.timeout) { try await payments.call { throw Trouble.timeout } }
            }
            return 7
        }

        var isFailure: Bool { self != .thenAnother && self != .caught }
    }

    @Test(
        "An outer call whose last nested call failed without throwing counts as a failure and returns its value",
        arguments: Course.allCases
    )
    func failureWithin(course: Course) async throws {
        try await LiveServer.with { server in
            let worker = Worker(url: server.url)
            let fusebox = worker.fusebox
            let outer = fusebox.breaker("payments", of: Int.self, fallback: .cache())
            let value = try await worker.running { try await outer.call(key: "a") { try await course.run(fusebox) } }
            #expect(value == 7)
            let breaker = try await server.breaker("payments")
            let counts = breaker.counts(at: server.clock.now())
            #expect(counts.calls == 1 && counts.failures == (course.isFailure ? 1 : 0))
            #expect(breaker.lastFailure?.kind == (course.isFailure ? "inner" : nil))
            // A cache does not store the value of a call that counts as a failure.
            let later: Int? = try? await outer.call(key: "a") { () throws -> Int in throw Trouble.timeout }
            #expect(later == (course.isFailure ? nil : 7))
        }
    }

    @Test("A nested call that fails after its outer call has ended reports by itself, without a permit")
    func failsLater() async throws {
        try await LiveServer.with { server in
            try await server.bringToProbe("payments")
            let worker = Worker(url: server.url)
            let payments = worker.fusebox.breaker("payments")
            try await worker.running {
                let (begins, begun) = AsyncStream.makeStream(of: Void.self)
                let (ends, end) = AsyncStream.makeStream(of: Void.self)
                let task = try await payments.call {
                    let task = Task {
                        try await payments.call {
                            begun.yield()
                            _ = await ends.first { _ in true }
                            throw Trouble.timeout
                        }
                    }
                    _ = await begins.first { _ in true }
                    return Started(task: task)
                }.task
                end.yield()
                await #expect(throws: Trouble.timeout) { try await task.value }
                try await worker.untilSent()
                let breaker = try await server.breaker("payments")
                #expect(breaker.state == .closed && breaker.lastFailure?.kind == "Trouble")
                #expect(breaker.counts(at: server.clock.now()).failures == 1)
            }
        }
    }

    @Test("A task that outlives the call that started it acquires for itself after that call")
    func outlives() async throws {
        try await LiveServer.with { server in
            let worker = Worker(url: server.url)
            let payments = worker.fusebox.breaker("payments")
            try await worker.running {
                let (ends, end) = AsyncStream.makeStream(of: Void.self)
                let (calls, called) = AsyncStream.makeStream(of: Void.self)
                let task = try await payments.call {
                    let task = Task {
                        try await payments.call {}
                        called.yield()
                        _ = await ends.first { _ in true }
                        try await payments.call { try await payments.call {} }
                    }
                    _ = await calls.first { _ in true }
                    return Started(task: task)
                }.task
                #expect(payments.decisions.allowed == 1)
                end.yield()
                try await task.value
                #expect(payments.decisions.allowed == 2)
                try await worker.untilSent()
                #expect(worker.fusebox.statistics.sentOutcomes == 2)
            }
        }
    }

    /// Wraps a task, so that the call does not wait for it.
    private struct Started: Sendable {
        var task: Task<Void, any Error>
    }

    @Test("A nested call of another breaker, or of another server, decides for itself")
    func others() async throws {
        try await LiveServer.with { server in
            try await SickServer.with(server) { otherServer in
                let (worker, other) = (Worker(url: server.url), Worker(url: otherServer.url))
                let payments = worker.fusebox.breaker("payments")
                try await server.trip("search")
                try await payments.call {
                    await #expect(throws: BreakerOpen.self) { try await worker.fusebox.breaker("search").call {} }
                    try await other.fusebox.breaker("payments").call { try await payments.call {} }
                }
                #expect(worker.fusebox.statistics.decisions.server == .init(allowed: 1, denied: 1))
                #expect(other.fusebox.statistics.decisions.server == .init(allowed: 1, denied: 0))
                #expect(try await server.breaker("payments").counts(at: server.clock.now()).calls == 2)
            }
        }
    }

    @Test("A nested call by another client of the same server is a part of the running call")
    func otherClient() async throws {
        try await LiveServer.with { server in
            try await server.bringToProbe("payments")
            let (outer, inner) = (Worker(url: server.url), Worker(url: server.url + "/"))
            try await outer.fusebox.breaker("payments").call {
                try await inner.fusebox.breaker("payments").call { #expect($0.isProbe) }
            }
            #expect(inner.fusebox.statistics.decisions == .init())
            #expect(try await server.breaker("payments").state == .closed)
        }
    }

    @Test(
        "While the server is away, nested calls count as one decision and have one outcome, also those of a probe",
        arguments: [true, false]
    )
    func away(probeFails: Bool) async throws {
        let worker = Worker(url: "http://127.0.0.1:1")
        let payments = worker.fusebox.breaker("payments")
        for _ in 1...5 {
            await #expect(throws: Trouble.timeout) {
                try await payments.call { try await payments.call { throw Trouble.timeout } }
            }
        }
        await #expect(throws: BreakerOpen.self) { try await payments.call {} }
        worker.clock.advance(by: .seconds(60))
        try await payments.call { outer in
            #expect(outer.source == .fallback && outer.state == .halfOpen)
            let decision = try await payments.acquire()
            #expect(decision.isAllowed && decision.source == .fallback)
            await payments.report(probeFails ? .failure() : .success, under: decision, took: .zero)
        }
        #expect(try await payments.acquire().state == (probeFails ? .open : .closed))
        #expect(
            payments.decisions.fallback == .init(allowed: probeFails ? 6 : 7, denied: probeFails ? 2 : 1)
        )
        #expect(worker.fusebox.statistics.waitingOutcomes == 6)
    }
}

extension NestedCallTests {
    /// The types of the outer and the inner call.
    struct Shape: CustomTestStringConvertible {
        enum Part: CaseIterable {
            case shared, value

            func call(_ fusebox: Fusebox, _ body: () async throws -> Int) async throws -> Int {
                switch self {
                case .shared: try await fusebox.breaker("payments").call { try await body() }
                case .value: try await fusebox.breaker("payments", of: Int.self).call { try await body() }
                }
            }
        }

        var outer: Part
        var inner: Part

        static let all = Part.allCases.flatMap { outer in Part.allCases.map { Shape(outer: outer, inner: $0) } }
        var testDescription: String { "\(inner) within \(outer)" }
    }
}

extension DecisionTally {
    fileprivate var allowed: Int { local.allowed + server.allowed + fallback.allowed }
}
