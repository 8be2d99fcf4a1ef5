import BreakerCore
import NIOConcurrencyHelpers

/// The closed breakers that may be nearer to a trip than those without a failure or slow call, for lists in that order.
///
/// No change tells of a report, so the writer hands out which breakers were stored since it was asked last. So a list
/// costs the writer no more than the reports did that came since the list before.
final class ProgressImage: Sendable {
    private typealias Breakers = [BreakerName: Breaker]

    /// What was handed out since the last list was read.
    private let added = NIOLockedValueBox<[BreakerName: Breaker?]>([:])
    /// Only lists take this lock, each for as long as it takes.
    private let breakers = NIOLockedValueBox<Breakers>([:])

    /// - Parameter some: in order, each without a breaker where it has no progress.
    func add(_ some: [(name: BreakerName, breaker: Breaker?)]) {
        added.withLockedValue { added in
            for (name, breaker) in some { added.updateValue(breaker, forKey: name) }
        }
    }

    /// - Parameters:
    ///   - panel: which breakers there are.
    ///   - body: is given what tells the progress of a closed breaker of that name.
    func read<Value>(
        _ panel: PanelImage,
        at now: Instant,
        _ body: (_ progress: (BreakerName) -> Double) -> Value
    ) -> Value {
        breakers.withLockedValue { breakers in
            var some: [BreakerName: Breaker?] = [:]
            added.withLockedValue { swap(&some, &$0) }
            for (name, breaker) in some { breakers[name] = breaker }
            if breakers.count > panel.count { Self.dropDeleted(from: &breakers, panel) }
            return body { name in breakers[name]?.preview(at: now).progress(at: now) ?? 0 }
        }
    }

    private static func dropDeleted(from breakers: inout Breakers, _ panel: PanelImage) {
        let names = Set(panel.breakers.map(\.name))
        breakers = breakers.filter { names.contains($0.key) }
    }
}

extension Engine {
    /// Brings the image of the breakers' progress up to date.
    /// - Throws: ``EngineError/Code/storageUnavailable``.
    func updateProgress() async throws(EngineError) {
        while try await writer.handOutProgress(to: progress, atMost: Self.handedOutAtATime) {
            if Task.isCancelled { throw .cancelled }
        }
    }

    /// A fraction of a millisecond of the writer's time.
    private static let handedOutAtATime = 2_000
}
