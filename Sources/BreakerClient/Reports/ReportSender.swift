import NIOConcurrencyHelpers

/// Sends outcomes: the outbox, and the task that sends its items.
final class ReportSender: Sendable {
    /// The result of sending all waiting outcomes.
    enum Sending: Sendable {
        /// No outcome was waiting.
        case nothing
        case taken
        /// The server answered that it cannot accept the request.
        case refused
        case failed(any Error)
    }

    struct State: Sendable {
        var outbox: Outbox
        /// The task that sends one batch after another until no outcome waits. There is only one, to keep the order.
        var sender: Task<Sending, Never>?
        /// Outcomes that the server accepted.
        var sent = 0
        /// Outcomes that the server refused.
        var refused = 0
        /// The indices of the breakers whose latest outcomes the server refused.
        var refusedIndices: Set<Int> = []
    }

    let state: NIOLockedValueBox<State>
    let reachability = NIOLockedValueBox(Reachability())
    /// Asks ``Fusebox/run()`` to send at once.
    let flushes = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
    /// Asks ``Fusebox/run()`` to send when the flush interval is over.
    let beginnings = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
    /// Asks ``Fusebox/run()`` to send when the pause after a failure is over.
    let retries = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))

    init(capacity: Int) {
        let ownID = String(UInt64.random(in: .min ... .max), radix: 36)
        state = NIOLockedValueBox(State(outbox: Outbox(capacity: capacity, idPrefix: ownID)))
    }

    func add(_ item: Outbox.Item) {
        switch state.withLockedValue({ $0.outbox.add(item) }) {
        case .nothing: break
        case .sendSoon: beginnings.continuation.yield()
        case .send: flushes.continuation.yield()
        }
    }

    /// Whether outcomes wait because the server did not accept them.
    var isHeldUp: Bool {
        state.withLockedValue { $0.outbox.waiting > 0 } && reachability.withLockedValue { $0.isAway }
    }

    // MARK: Sending

    /// The task that sends outcomes; starts one that runs `body` if there is none. It runs until ``take(atNs:)``
    /// returns `nil` or until ``putBack(_:)``.
    func sender(_ body: @escaping @Sendable () async -> Sending) -> Task<Sending, Never> {
        state.withLockedValue { state in
            if let sender = state.sender { return sender }
            let sender = Task(operation: body)
            state.sender = sender
            return sender
        }
    }

    /// Takes the next batch; `nil` if no outcome waits. After `nil`, the next caller starts a sending task.
    func take(atNs nowNs: Int64) -> [Outbox.Item]? {
        state.withLockedValue { state in
            let batch = state.outbox.take(atNs: nowNs)
            if batch.isEmpty { state.sender = nil }
            return batch.isEmpty ? nil : batch
        }
    }

    /// Counts a batch that the server answered, of which it refused the items in `refused`.
    /// - Returns: whether the server refused the outcomes of a breaker whose previous outcomes it had not refused.
    func settle(_ batch: [Outbox.Item], refused: [Outbox.Item]) -> Bool {
        let all = Self.outcomes(batch)
        let lost = Self.outcomes(refused)
        let (indices, refusedIndices) = (Set(batch.map(\.index)), Set(refused.map(\.index)))
        return state.withLockedValue { state in
            state.sent += all - lost
            state.refused += lost
            state.outbox.settle(all)
            let isNews = !refusedIndices.isSubset(of: state.refusedIndices)
            state.refusedIndices.subtract(indices)
            state.refusedIndices.formUnion(refusedIndices)
            return isNews
        }
    }

    /// Puts items back to the front, because it is not known whether they arrived or the server cannot accept them yet.
    /// A later caller sends them again.
    func putBack(_ batch: [Outbox.Item]) {
        state.withLockedValue { state in
            state.outbox.putBack(batch)
            state.sender = nil
        }
    }

    private static func outcomes(_ items: [Outbox.Item]) -> Int { items.reduce(0) { $0 + $1.count } }
}
