import BreakerAPI
import Foundation

/// What is watched: one breaker, or those whose names begin alike.
struct WatchTarget: Sendable {
    var name: String?
    var prefix: String?

    var streamFilter: OperatorClient.Query { [("name", name), ("prefix", prefix)] }

    /// What to say of it behind the server's address.
    var title: String {
        if let name { return "  \(name)" }
        return prefix.map { "  \($0)…" } ?? ""
    }

    /// What there is to see of it, and what the server's clock is ahead of this machine's.
    func content(from client: OperatorClient) async throws -> (WatchView.Content, TimeInterval) {
        guard let name else {
            // As many as have room; a server gives one at least.
            let size = min(Screen.standardOutput.height, 1_000)
            let query = [("sort", "attention"), ("prefix", prefix), ("page_size", "\(size)")] as OperatorClient.Query
            let reply = try await client.get(Paths.breakers, query)
            return (.list(try reply.decoded()), reply.now.timeIntervalSinceNow)
        }
        do {
            let reply = try await client.breaker(name)
            let explanation = try await client.get(Paths.breaker(name) + "/explain")
            return (.page(try reply.decoded(), try explanation.decoded()), reply.now.timeIntervalSinceNow)
        } catch let problem as ServerProblem where problem.code == ProblemCode.unknownBreaker.rawValue {
            return (.gone(name), 0)
        }
    }
}
