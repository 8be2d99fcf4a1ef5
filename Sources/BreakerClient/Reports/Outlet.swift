import NIOConcurrencyHelpers

/// Where outcomes leave: what waits, and whether somebody sends.
final class Outlet: Sendable {
    struct State: Sendable {
        var outbox: Outbox
        var isSending = false
        /// Outcomes that the server has answered.
        var sent = 0
        /// Outcomes that the server did not take.
        var refused = 0
    }

    let state: NIOLockedValueBox<State>
    /// Has ``Fusebox/run()`` send.
    let flushes = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
    /// Has ``Fusebox/run()`` send when the interval is over.
    let beginnings = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))

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

    /// The next batch; `nil` where there is nothing, and where somebody else is sending, who comes to it.
    func begin(atNs nowNs: Int64) -> [Outbox.Item]? {
        state.withLockedValue { state in
            guard !state.isSending else { return nil }
            let batch = state.outbox.take(atNs: nowNs)
            state.isSending = !batch.isEmpty
            return batch.isEmpty ? nil : batch
        }
    }

    /// - Parameters:
    ///   - batch: what was sent.
    ///   - again: those of it of which nobody knows whether they came, in order.
    ///   - refused: how many of its outcomes the server did not take.
    func end(_ batch: [Outbox.Item], again: [Outbox.Item] = [], refused: Int = 0) {
        state.withLockedValue { state in
            func outcomes(_ items: [Outbox.Item]) -> Int { items.reduce(0) { $0 + $1.count } }
            state.isSending = false
            state.sent += outcomes(batch) - outcomes(again) - refused
            state.refused += refused
            state.outbox.settle(outcomes(batch) - outcomes(again))
            state.outbox.putBack(again)
        }
    }
}
