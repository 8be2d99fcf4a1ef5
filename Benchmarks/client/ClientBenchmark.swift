import BreakerClient
import Foundation

/// Measures the cost of a protected call in a Swift worker, and how soon many clients deny after a trip. Prints one
/// line of JSON.
///
///     client-benchmark decision|call|remote|away URL SECONDS
///     client-benchmark staleness URL CLIENTS
@main
enum ClientBenchmark {
    struct Mistake: Error, CustomStringConvertible {
        var description: String
    }

    static func main() async throws {
        let arguments = CommandLine.arguments.dropFirst()
        guard arguments.count == 3, let what = arguments.first, let number = Double(arguments.last ?? "") else {
            throw Mistake(description: "client-benchmark WHAT URL SECONDS, or staleness URL CLIENTS")
        }
        let url = arguments[arguments.startIndex + 1]
        let figures: [String: Double]
        if what == "staleness" {
            figures = try await Staleness(url: url, clients: Int(number)).measure()
        } else {
            figures = try await Cost(url: url, seconds: number).measure(what)
        }
        print(String(decoding: try JSONEncoder().encode(figures), as: UTF8.self))
    }
}

/// Measures one task that repeats one operation.
struct Cost {
    let url: String
    let seconds: Double

    func measure(_ what: String) async throws -> [String: Double] {
        switch what {
        case "decision":
            try await connected { payments in
                try await time(1_000_000) {
                    let decision = try await payments.acquire()
                    guard decision.isAllowed, decision.source == .local else { throw unexpected(decision.source) }
                }
            }
        case "call":
            try await connected { payments in try await time(100_000) { try await payments.call { await nothing() } } }
        case "remote":
            try await time(100) { [payments = Fusebox(url: url).breaker("bench")] in
                try await payments.call { await nothing() }
            }
        case "away":
            try await time(100_000) { [payments = Fusebox(url: "http://127.0.0.1:1").breaker("bench")] in
                guard try await payments.acquire().source == .fallback else { throw unexpected(.server) }
            }
        default: throw ClientBenchmark.Mistake(description: "nothing to measure is called \(what)")
        }
    }

    private func unexpected(_ source: CallDecision.Source) -> ClientBenchmark.Mistake {
        ClientBenchmark.Mistake(description: "decided by \(source.rawValue)")
    }

    /// - Parameter body: called with a breaker whose calls are decided locally.
    private func connected(
        _ body: (SharedBreaker) async throws -> [String: Double]
    ) async throws -> [String: Double] {
        let fusebox = Fusebox(url: url)
        let run = Task { try await fusebox.run() }
        let payments = fusebox.breaker("bench")
        try await payments.call {}
        try await until { payments.knownState == .closed }
        let figures = try await body(payments)
        run.cancel()
        try await run.value
        return figures
    }

    /// - Parameter round: the number of operations between two looks at the clock.
    private func time(_ round: Int, _ body: () async throws -> Void) async throws -> [String: Double] {
        for _ in 0..<round { try await body() }
        let clock = ContinuousClock()
        let start = clock.now
        let end = start + .seconds(seconds)
        var calls = 0
        while clock.now < end {
            for _ in 0..<round { try await body() }
            calls += round
        }
        let spent = (clock.now - start) / .nanoseconds(1)
        return ["ns": spent / Double(calls), "calls": Double(calls)]
    }
}

@inline(never)
func nothing() async {}

/// - Throws: if the condition is not true within half a minute, for example because an earlier run left a breaker open.
func until(_ condition: () async throws -> Bool) async throws {
    let end = ContinuousClock.now + .seconds(30)
    while try await !condition() {
        guard ContinuousClock.now < end else {
            throw ClientBenchmark.Mistake(description: "not as expected after 30 s")
        }
        try await Task.sleep(for: .milliseconds(1))
    }
}
