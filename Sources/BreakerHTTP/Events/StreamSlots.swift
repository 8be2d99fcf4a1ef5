import BreakerAPI
import NIOConcurrencyHelpers

/// Limits the number of streams, in total and for each client: for each token or, without tokens, for each address.
final class StreamSlots: Sendable {
    /// The slot of one stream. It is given back when it is released.
    final class Slot: Sendable {
        private let slots: StreamSlots
        private let client: String

        fileprivate init(of client: String, _ slots: StreamSlots) {
            self.client = client
            self.slots = slots
        }

        deinit { slots.giveBack(client) }
    }

    private let limit: Int
    private let perClient: Int
    private let gatekeeper: Gatekeeper
    private let counts = NIOLockedValueBox<[String: Int]>([:])

    /// - Parameters:
    ///   - connections: the maximum number of open connections. Streams take at most half of them, so that some always
    ///     remain for workers.
    ///   - perClient: the most streams that one of several clients may have.
    ///   - gatekeeper: knows whether there are several clients.
    init(connections: Int, perClient: Int = HTTPLimits.streamsOfClient, gatekeeper: Gatekeeper) {
        limit = connections / 2
        self.perClient = perClient
        self.gatekeeper = gatekeeper
    }

    /// - Parameter client: the name of the stream's token; on a server without tokens, the client's address.
    /// - Throws: `too_many_streams`.
    func take(for client: String) throws(Problem) -> Slot {
        // If there is one client, it may have all streams.
        let share = gatekeeper.hasOneClient ? limit : min(perClient, max(1, limit / 2))
        let owner = gatekeeper.hasTokens ? "the token \(client)" : "the address \(client)"
        let problem: Problem? = counts.withLockedValue { counts in
            if counts.values.reduce(0, +) >= limit {
                return Problem(
                    .tooManyStreams,
                    "the server has \(limit) streams, the maximum (half of its maximum of connections); retry later"
                )
            }
            if counts[client, default: 0] >= share {
                return Problem(
                    .tooManyStreams,
                    "\(owner) has \(share) streams, its share; close some, or retry later"
                )
            }
            counts[client, default: 0] += 1
            return nil
        }
        if let problem { throw problem }
        return Slot(of: client, self)
    }

    private func giveBack(_ client: String) {
        counts.withLockedValue { counts in
            counts[client, default: 1] -= 1
            if counts[client] == 0 { counts[client] = nil }
        }
    }
}
