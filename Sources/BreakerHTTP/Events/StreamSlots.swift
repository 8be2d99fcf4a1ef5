import BreakerAPI
import NIOConcurrencyHelpers

/// Limits the number of streams, in total and for each token.
final class StreamSlots: Sendable {
    /// The slot of one stream. It is given back when it is released.
    final class Slot: Sendable {
        private let slots: StreamSlots
        private let token: String

        fileprivate init(of token: String, _ slots: StreamSlots) {
            self.token = token
            self.slots = slots
        }

        deinit { slots.giveBack(token) }
    }

    private let limit: Int
    private let counts = NIOLockedValueBox<[String: Int]>([:])

    /// - Parameter connections: the maximum number of open connections. Streams take at most half of them, so that some
    ///   always remain for workers.
    init(connections: Int) {
        limit = connections / 2
    }

    /// - Parameter token: the name of the stream's token; on a server without tokens all clients share one name.
    /// - Throws: `too_many_streams`.
    func take(for token: String) throws(Problem) -> Slot {
        let ofToken = min(HTTPLimits.streamsOfToken, limit)
        let problem: Problem? = counts.withLockedValue { counts in
            if counts[token, default: 0] >= ofToken {
                return Problem(
                    .tooManyStreams,
                    "the token \(token) has \(ofToken) streams, the maximum; close some, or use another token"
                )
            }
            if counts.values.reduce(0, +) >= limit {
                return Problem(
                    .tooManyStreams,
                    "the server has \(limit) streams, the maximum (half of its maximum of connections); retry later"
                )
            }
            counts[token, default: 0] += 1
            return nil
        }
        if let problem { throw problem }
        return Slot(of: token, self)
    }

    private func giveBack(_ token: String) {
        counts.withLockedValue { counts in
            counts[token, default: 1] -= 1
            if counts[token] == 0 { counts[token] = nil }
        }
    }
}
