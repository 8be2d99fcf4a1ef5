import NIOConcurrencyHelpers

/// Where outcomes leave: what waits, and who sends it.
final class Outlet: Sendable {
    /// What came of sending all that waited.
    enum Sending: Sendable {
        /// There was nothing.
        case nothing
        case taken
        /// It was answered to that it cannot be taken.
        case refused
        case failed(any Error)
    }

    struct State: Sendable {
        var outbox: Outbox
        /// Sends, batch after batch, until nothing waits: one at a time, so that outcomes keep their order.
        var sender: Task<Sending, Never>?
        /// Outcomes that the server took.
        var sent = 0
        /// Outcomes that the server did not take.
        var refused = 0
        /// The places of breakers whose outcomes the server did not take last.
        var refusedPlaces: Set<Int> = []
    }

    let state: NIOLockedValueBox<State>
    let reachability = NIOLockedValueBox(Reachability())
    /// Has ``Fusebox/run()`` send.
    let flushes = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
    /// Has ``Fusebox/run()`` send when the interval is over.
    let beginnings = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
    /// Has ``Fusebox/run()`` send when the server is worth trying again.
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

    /// Whether outcomes wait because the server did not take them.
    var isHeldUp: Bool {
        state.withLockedValue { $0.outbox.waiting > 0 } && reachability.withLockedValue { $0.isAway }
    }

    // MARK: Sending

    /// The one who sends; `body` where nobody does. It goes on until ``take(atNs:)`` has nothing, or ``putBack(_:)``.
    func sender(_ body: @escaping @Sendable () async -> Sending) -> Task<Sending, Never> {
        state.withLockedValue { state in
            if let sender = state.sender { return sender }
            let sender = Task(operation: body)
            state.sender = sender
            return sender
        }
    }

    /// The next batch; `nil` where there is nothing: who comes next sends anew.
    func take(atNs nowNs: Int64) -> [Outbox.Item]? {
        state.withLockedValue { state in
            let batch = state.outbox.take(atNs: nowNs)
            if batch.isEmpty { state.sender = nil }
            return batch.isEmpty ? nil : batch
        }
    }

    /// The server answered for these, and did not take `refused`.
    /// - Returns: whether it took those of one of these breakers until then.
    func settle(_ batch: [Outbox.Item], refused: [Outbox.Item]) -> Bool {
        let all = Self.outcomes(batch)
        let lost = Self.outcomes(refused)
        let (places, refusedPlaces) = (Set(batch.map(\.place)), Set(refused.map(\.place)))
        return state.withLockedValue { state in
            state.sent += all - lost
            state.refused += lost
            state.outbox.settle(all)
            let isNews = !refusedPlaces.isSubset(of: state.refusedPlaces)
            state.refusedPlaces.subtract(places)
            state.refusedPlaces.formUnion(refusedPlaces)
            return isNews
        }
    }

    /// Nobody knows whether these came, or the server cannot take them: they are the next again, when someone sends anew.
    func putBack(_ batch: [Outbox.Item]) {
        state.withLockedValue { state in
            state.outbox.putBack(batch)
            state.sender = nil
        }
    }

    private static func outcomes(_ items: [Outbox.Item]) -> Int { items.reduce(0) { $0 + $1.count } }
}
