import BreakerCore
import EngineSupport
import TestSupport
import Testing

@testable import BreakerEngine

@Suite("The limits on the number of breakers")
struct CreationLimitTests {
    private func configuration(maximum: Int, perToken: Int? = nil) -> Engine.Configuration {
        var configuration = Engine.Configuration()
        configuration.maximumBreakers = maximum
        configuration.breakersPerToken = perToken
        return configuration
    }

    @Test(
        "A token can create breakers up to its share, and use existing ones beyond it",
        arguments: [
            (maximum: 30, perToken: nil, tokens: 0, share: 27), (30, nil, 1, 27), (30, nil, 2, 15), (30, 4, 2, 4),
            (9, nil, 1, 9), (1, nil, 2, 1),
        ]
    )
    func share(maximum: Int, perToken: Int?, tokens: Int, share: Int) async throws {
        let configuration = configuration(maximum: maximum, perToken: perToken)
        try await RunningEngine.with(configuration: configuration) { running async throws in
            running.engine.share(amongTokens: tokens)
            for number in 1...share { _ = try await running.engine.acquire("b\(number)", from: Client("checkout")) }
            for ask in [Report(.success), nil] {
                let error = await #expect(throws: EngineError.self) {
                    if let ask {
                        try await running.engine.report(ask, to: "extra", from: Client("checkout"))
                    } else {
                        _ = try await running.engine.acquire("extra", from: Client("checkout"))
                    }
                }
                #expect(error?.code == .breakerLimit)
                #expect(error?.message.hasPrefix("workers with the token checkout have created \(share)") == true)
            }
            #expect(try await running.engine.acquire("b1", from: Client("checkout")).isAllowed)
        }
    }

    @Test("Each token has its own share, and the last breakers are left to operators")
    func others() async throws {
        try await RunningEngine.with(configuration: configuration(maximum: 30)) { running async throws in
            let engine = running.engine
            engine.share(amongTokens: 2)
            for number in 1...15 { _ = try await engine.acquire("a\(number)", from: Client("first")) }
            for number in 1...12 { _ = try await engine.acquire("b\(number)", from: Client("second")) }
            let error = await #expect(throws: EngineError.self) {
                _ = try await engine.acquire("b13", from: Client("second"))
            }
            #expect(error?.code == .breakerLimit)
            #expect(error?.message.contains("the last 3 of 30 are for operators only") == true)
            for number in 1...3 {
                let name = try #require(BreakerName("c\(number)"))
                #expect(try await engine.putPolicy(Policy(), of: name, actor: "ops").isNew)
            }
            let last = try #require(BreakerName("c4"))
            let full = await #expect(throws: EngineError.self) {
                _ = try await engine.putPolicy(Policy(), of: last, actor: "ops")
            }
            #expect(full?.code == .breakerLimit)
            #expect(full?.message.contains("the maximum that max_breakers allows") == true)
        }
    }

    @Test("The use of a share outlives a restart, and a deletion frees a part of it")
    func restart() async throws {
        let folder = try TemporaryFolder()
        let configuration = configuration(maximum: 30, perToken: 2)
        try await RunningEngine.with(folder: folder, configuration: configuration) { running async throws in
            _ = try await running.engine.acquire("a", from: Client("checkout"))
            try await running.engine.report(Report(.failure), to: "b", from: Client("checkout"))
            let put = try #require(BreakerName("put"))
            _ = try await running.engine.putPolicy(Policy(), of: put, actor: "checkout")
        }
        try await RunningEngine.with(folder: folder, configuration: configuration) { running async throws in
            let name = try #require(BreakerName("a"))
            await #expect(throws: EngineError.self) {
                _ = try await running.engine.acquire("c", from: Client("checkout"))
            }
            _ = try await running.engine.acquire("c", from: Client("search"))
            try await running.engine.delete(name, actor: "ops")
            _ = try await running.engine.acquire("d", from: Client("checkout"))
            await #expect(throws: EngineError.self) {
                _ = try await running.engine.acquire("e", from: Client("checkout"))
            }
        }
    }

    @Test("If workers may not create breakers, they get unknown_breaker until an operator creates the breaker")
    func closed() async throws {
        var configuration = Engine.Configuration()
        configuration.mayWorkersCreate = false
        let name = try #require(BreakerName("payments"))
        configuration.book.breakers[try #require(BreakerName("configured"))] = Policy()
        try await RunningEngine.with(configuration: configuration) { running async throws in
            let engine = running.engine
            for attempt in 1...3 {
                let error = await #expect(throws: EngineError.self) {
                    switch attempt {
                    case 1: _ = try await engine.acquire("payments")
                    case 2: try await engine.report(Report(.failure), to: "payments")
                    default: _ = try await engine.acquireWithoutProbe(name)
                    }
                }
                #expect(error?.code == .unknownBreaker)
            }
            #expect(try await engine.acquire("configured").isAllowed)
            _ = try await engine.putPolicy(Policy(), of: name, actor: "ops")
            #expect(try await engine.acquire("payments").isAllowed)
        }
    }

    @Test(
        "A deletion by prefix deletes every breaker of the prefix, each with an audit entry",
        arguments: [0, 7, 8, 17]
    )
    func deletesAPrefix(count: Int) async throws {
        try await RunningEngine.with { running async throws in
            let engine = running.engine
            for name in ["tm", "tmp", "tmq", "a"] { _ = try await engine.acquire(name) }
            for number in 0..<count { _ = try await engine.acquire("tmp:\(number)") }
            #expect(try await engine.deleteAll(prefix: "tmp:", actor: "ops") == count)
            #expect(try await engine.deleteAll(prefix: "tmp:", actor: "ops") == 0)
            for name in ["tm", "tmp", "tmq", "a"] { _ = try await engine.breaker(name) }
            let entries = try await engine.audit(AuditFilter(), before: nil, limit: 100)
            #expect(entries.count == count)
            #expect(entries.allSatisfy { $0.action == .delete && $0.author.actor == "ops" })
        }
    }
}
