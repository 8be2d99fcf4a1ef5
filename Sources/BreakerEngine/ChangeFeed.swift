import BreakerCore
import NIOConcurrencyHelpers

/// Hands every committed change to whoever listens, in order of revision.
///
/// Publishing never waits: a listener that falls behind by more than its buffer is dropped, and its stream ends.
final class ChangeFeed: Sendable {
    private struct Listeners {
        var continuations: [Int: AsyncStream<Journal.Change>.Continuation] = [:]
        var next = 0
        var isOpen = true
    }

    /// How far a listener may fall behind before it is dropped.
    static let bufferedChanges = 4_096

    private let listeners = NIOLockedValueBox(Listeners())

    /// A stream of all that is committed from now on. It ends when the engine stops, or the listener falls behind.
    func subscribe() -> AsyncStream<Journal.Change> {
        let (stream, continuation) = AsyncStream.makeStream(
            of: Journal.Change.self,
            bufferingPolicy: .bufferingOldest(Self.bufferedChanges)
        )
        let id = listeners.withLockedValue { listeners -> Int? in
            guard listeners.isOpen else { return nil }
            listeners.next += 1
            listeners.continuations[listeners.next] = continuation
            return listeners.next
        }
        guard let id else {
            continuation.finish()
            return stream
        }
        continuation.onTermination = { [weak self] _ in
            self?.listeners.withLockedValue { _ = $0.continuations.removeValue(forKey: id) }
        }
        return stream
    }

    func publish(_ changes: [Journal.Change]) {
        guard !changes.isEmpty else { return }
        let listening = listeners.withLockedValue { Array($0.continuations.values) }
        for continuation in listening where !Self.yield(changes, to: continuation) { continuation.finish() }
    }

    private static func yield(
        _ changes: [Journal.Change],
        to continuation: AsyncStream<Journal.Change>.Continuation
    ) -> Bool {
        for change in changes {
            guard case .enqueued = continuation.yield(change) else { return false }
        }
        return true
    }

    /// Ends all streams, behind what they still hold.
    func close() {
        let listening = listeners.withLockedValue { listeners in
            listeners.isOpen = false
            defer { listeners.continuations = [:] }
            return Array(listeners.continuations.values)
        }
        for continuation in listening { continuation.finish() }
    }
}
