import AsyncHTTPClient
import BreakerClient
import Foundation

/// Measures how soon all of many clients deny after a breaker trips.
struct Staleness {
    let url: String
    let clients: Int

    /// How many breakers trip, one after another.
    private static let trips = 20

    func measure() async throws -> [String: Double] {
        var configuration = HTTPClient.Configuration()
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 2 * clients
        let http = HTTPClient(configuration: configuration)
        let fuseboxes = (0..<clients).map { _ in Fusebox(url: url, http: http) }
        let runs = fuseboxes.map { fusebox in Task { try await fusebox.run() } }
        var sinceSent: [Double] = []
        var sinceAnswered: [Double] = []
        for number in 1...Self.trips {
            let (sent, answered) = try await trip("bench-\(number)", fuseboxes)
            sinceSent.append(sent)
            sinceAnswered.append(answered)
        }
        for run in runs {
            run.cancel()
            try await run.value
        }
        try await http.shutdown()
        return [
            "clients": Double(clients), "trips": Double(Self.trips),
            "ms_since_report": sinceSent.sorted()[Self.trips / 2], "max_ms_since_report": sinceSent.max() ?? 0,
            "ms_since_answer": sinceAnswered.sorted()[Self.trips / 2], "max_ms_since_answer": sinceAnswered.max() ?? 0,
        ]
    }

    /// - Returns: milliseconds until the last client denies: since the report that trips was sent, and since it was
    ///   answered. The commit is between the two.
    private func trip(_ name: String, _ fuseboxes: [Fusebox]) async throws -> (sent: Double, answered: Double) {
        let client = FuseboxClient(url: url)
        for _ in 1...4 { _ = try await client.report("failure", to: name) }
        let breakers = fuseboxes.map { $0.breaker(name) }
        try await until { breakers.allSatisfy { $0.knownState == .closed } }
        let clock = ContinuousClock()
        let watch = Task.detached { try await Self.lastDenial(of: breakers, clock) }
        let sent = clock.now
        _ = try await client.report("failure", to: name)
        let answered = clock.now
        let last = try await watch.value
        return ((last - sent) / .milliseconds(1), max(0, (last - answered) / .milliseconds(1)))
    }

    /// Asks each breaker until it denies, and yields the processor between two attempts.
    private static func lastDenial(
        of breakers: [SharedBreaker],
        _ clock: ContinuousClock
    ) async throws -> ContinuousClock.Instant {
        var allowing = breakers[...]
        while let breaker = allowing.first {
            let decision = try await breaker.acquire()
            if decision.isAllowed {
                usleep(20)
            } else {
                allowing.removeFirst()
            }
        }
        return clock.now
    }
}
