import BreakerAPI
import BreakerEngine
import NIOConcurrencyHelpers

/// Limits the bytes of bodies that are in memory at once, for each client and in total: those of requests in progress,
/// or those of answers that wait for their client to read them.
final class BodyBudget: Sendable {
    /// The bytes of one body. They count until the share is released.
    final class Share: Sendable {
        private let budget: BodyBudget
        private let bytes: Int
        private let client: Client

        fileprivate init(_ bytes: Int, of client: Client, _ budget: BodyBudget) {
            self.bytes = bytes
            self.client = client
            self.budget = budget
        }

        deinit { budget.giveBack(bytes, client) }
    }

    private struct Held {
        var byClient: [Client: Int] = [:]
        var all = 0
    }

    private let held = NIOLockedValueBox(Held())
    private let bytesOfClient: Int
    private let refusal: String

    /// - Parameters:
    ///   - bytesOfClient: the most bytes of one client.
    ///   - refusal: the detail of the refusal.
    init(bytesOfClient: Int, refusal: String) {
        self.bytesOfClient = bytesOfClient
        self.refusal = refusal
    }

    /// - Returns: `nil` for no bytes.
    /// - Throws: `overloaded`.
    func take(_ bytes: Int, for client: Client) throws(Problem) -> Share? {
        guard bytes > 0 else { return nil }
        let isTaken = held.withLockedValue { held in
            let ofClient = held.byClient[client, default: 0] + bytes
            guard ofClient <= bytesOfClient, held.all + bytes <= HTTPLimits.bodies else { return false }
            held.byClient[client] = ofClient
            held.all += bytes
            return true
        }
        guard isTaken else { throw Problem(.overloaded, refusal) }
        return Share(bytes, of: client, self)
    }

    private func giveBack(_ bytes: Int, _ client: Client) {
        held.withLockedValue { held in
            let rest = held.byClient[client, default: bytes] - bytes
            held.byClient[client] = rest > 0 ? rest : nil
            held.all -= bytes
        }
    }
}
