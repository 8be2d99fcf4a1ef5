import BreakerCore
import TestSupport
import Testing

@testable import BreakerClient

@Suite("Fallbacks", .timeLimit(.minutes(2)))
struct FallbackTests {
    @Test("A cached fallback serves the value of its key if the breaker denies or the call fails, and reports its age")
    func cache() async throws {
        try await LiveServer.with { server in
            let worker = Worker(url: server.url)
            let users = worker.fusebox.breaker("users", of: String.self, fallback: .cache(ttl: .seconds(100)))
            try await worker.running {
                for key in ["1", "2"] { #expect(try await users.call(key: key) { "user \(key)" } == "user \(key)") }
                worker.clock.advance(by: .seconds(9))
                let failed = try await users.served(key: "1") { throw Trouble.timeout }
                #expect(failed.value == "user 1" && failed.origin == .cache(age: .seconds(9)))
                await #expect(throws: Trouble.timeout) { try await users.call(key: "3") { throw Trouble.timeout } }
                for _ in 1...5 { _ = try? await users.call(key: "2") { throw Trouble.timeout } }
                try await eventually("the breaker is open") { users.knownState == .open }
                let denied = try await users.served(key: "2") { "not called" }
                #expect(denied.value == "user 2" && !denied.decision.isAllowed)
                await #expect(throws: BreakerOpen.self) { try await users.call(key: "3") { "not called" } }
            }
        }
    }

    @Test("A fallback is a value or a function of the reason, and an ignored error is thrown to the caller")
    func valueOrFunction() async throws {
        let fusebox = Worker(url: "http://127.0.0.1:1").fusebox
        let fixed = fusebox.breaker("a", fallback: .value(7))
        #expect(try await fixed.call { throw Trouble.timeout } == 7)
        let made = fusebox.breaker(
            "b",
            of: String.self,
            classify: { result in
                if case .failure(Trouble.badRequest) = result { .ignored } else { .standard(result) }
            },
            fallback: .from { key, reason in
                switch reason {
                case .denied(let denial): "\(key ?? "none"): \(denial.state)"
                case .failed(let error): error.map { "\(key ?? "none"): \($0)" }
                }
            }
        )
        #expect(try await made.call(key: "k") { throw Trouble.timeout } == "k: timeout")
        await #expect(throws: Trouble.badRequest) { try await made.call { throw Trouble.badRequest } }
        for _ in 1...4 { _ = try await made.call { throw Trouble.timeout } }
        #expect(try await made.call(key: "k") { "not called" } == "k: open")
    }

    @Test("A failed value is returned if the fallback has none, and is never cached")
    func failedValue() async throws {
        let users = Worker(url: "http://127.0.0.1:1").fusebox.breaker(
            "users",
            of: Int.self,
            classify: { result in
                if case .success(503) = result { .failure(kind: "http_503") } else { .standard(result) }
            },
            fallback: .cache()
        )
        for _ in 1...2 {
            let served = try await users.served(key: "1") { 503 }
            #expect(served.value == 503 && served.origin == .call)
        }
        #expect(try await users.call(key: "1") { 200 } == 200)
        #expect(try await users.call(key: "1") { 503 } == 200)
    }

    @Test("Without a key the cache neither stores nor serves values, and this is logged once")
    func noKey() async throws {
        let worker = Worker(url: "http://127.0.0.1:1")
        let users = worker.fusebox.breaker("users", of: String.self, fallback: .cache())
        for name in ["ann", "bob"] { #expect(try await users.call { name } == name) }
        await #expect(throws: Trouble.timeout) { try await users.call { throw Trouble.timeout } }
        #expect(worker.log.lines.filter { $0.hasPrefix("a cached fallback") }.count == 1)
    }

    @Test("A cache that is the fallback of another cache also stores values")
    func nested() async throws {
        let worker = Worker(url: "http://127.0.0.1:1")
        let lasting = Fallback<Int>.cache(ttl: .seconds(100))
        let users = worker.fusebox.breaker("users", fallback: .cache(ttl: .seconds(10), else: lasting))
        #expect(try await users.call(key: "1") { 7 } == 7)
        worker.clock.advance(by: .seconds(50))
        #expect(try await users.served(key: "1") { throw Trouble.timeout }.origin == .cache(age: .seconds(50)))
    }

    @Test("The cache drops expired values, and the one that was written longest ago when it is full")
    func bounds() {
        let cache = FallbackCache<Int>(ttlNs: 10, capacity: 2)
        cache.keep(1, "a", atNs: 0)
        #expect(cache.value("a", atNs: 9)?.0 == 1)
        #expect(cache.value("a", atNs: 10) == nil)
        for round in 1...100 {
            cache.keep(round, "a", atNs: 20)
            cache.keep(round, "b", atNs: 20)
        }
        cache.keep(3, "a", atNs: 20)
        cache.keep(4, "c", atNs: 20)
        #expect(cache.value("a", atNs: 20)?.0 == 3 && cache.value("b", atNs: 20) == nil)
        #expect(cache.value("c", atNs: 20)?.0 == 4)
    }
}
