import BreakerAPI
import BreakerCore

/// The target of a watch: one breaker, or all breakers with a common prefix.
struct WatchTarget: Sendable {
    var name: String?
    var prefix: String?

    var streamFilter: OperatorClient.Query { [("name", name), ("prefix", prefix)] }

    /// The text after the server's address in the title.
    var title: String {
        if let name { return "  \(name)" }
        return prefix.map { "  \($0)…" } ?? ""
    }

    /// The content to show, and how far the server's clock is ahead of this machine's, in milliseconds.
    func content(from client: OperatorClient) async throws -> (WatchView.Content, Int64) {
        guard let name else {
            // Request only as many as fit on the screen. The server's maximum is 1 000.
            let size = min(Screen.standardOutput.height, 1_000)
            let query = [("sort", "attention"), ("prefix", prefix), ("page_size", "\(size)")] as OperatorClient.Query
            let reply = try await client.get(Paths.breakers, query)
            return (.list(try reply.decoded()), Instant.now().milliseconds(until: reply.now))
        }
        do {
            let reply = try await client.breaker(name)
            let explanation = try await client.get(Paths.explanation(name))
            let content = WatchView.Content.page(try reply.decoded(), try explanation.decoded())
            return (content, Instant.now().milliseconds(until: reply.now))
        } catch let problem as ServerProblem where problem.code == ProblemCode.unknownBreaker.rawValue {
            return (.gone(name), 0)
        }
    }
}
