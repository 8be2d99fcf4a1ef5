import BreakerCore
import BreakerStorage
import Dispatch
import NIOConcurrencyHelpers

/// A real store whose writes wait at a gate, so that a test can see what is queued during a write.
final class GatedStore: BreakerStore {
    /// A gate that the test opens and closes and that the writer's thread passes.
    final class Gate: Sendable {
        private let waiting = DispatchSemaphore(value: 0)
        private let passage = DispatchSemaphore(value: 0)
        private let isClosed = NIOLockedValueBox(false)
        private let batches = NIOLockedValueBox<[WriteBatch]>([])

        func close() { isClosed.withLockedValue { $0 = true } }

        /// Lets the waiting write and all later ones through.
        func open() {
            isClosed.withLockedValue { $0 = false }
            passage.signal()
        }

        /// Waits until a write waits at the gate.
        func waitForWrite() async {
            await withCheckedContinuation { continuation in
                DispatchQueue.global().async { [waiting] in
                    waiting.wait()
                    continuation.resume()
                }
            }
        }

        /// The number of failure rows of each batch, in order.
        var failuresPerBatch: [Int] { batches.withLockedValue { $0.map(\.failures.count) } }

        fileprivate func pass(_ batch: WriteBatch) {
            if isClosed.withLockedValue({ $0 }) {
                waiting.signal()
                passage.wait()
            }
            batches.withLockedValue { $0.append(batch) }
        }
    }

    private let store: any BreakerStore
    private let gate: Gate

    init(_ store: sending any BreakerStore, gate: Gate) {
        self.store = store
        self.gate = gate
    }

    var epoch: Epoch { store.epoch }
    func load() throws(StoreError) -> StoredPanel { try store.load() }
    func sessions() throws(StoreError) -> StoredSessions { try store.sessions() }
    func reload(_ names: [BreakerName]) throws(StoreError) -> StoredPanel { try store.reload(names) }
    func checkpoint() throws(StoreError) { try store.checkpoint() }
    var evictions: Evictions { store.evictions }
    func close() { store.close() }

    func receipt(forReport id: String, ofBreaker breakerID: Int64) throws(StoreError) -> Receipt? {
        try store.receipt(forReport: id, ofBreaker: breakerID)
    }

    func write(_ batch: WriteBatch) throws(StoreError) {
        gate.pass(batch)
        try store.write(batch)
    }
}
