import BreakerCore
import NIOConcurrencyHelpers

/// The closed breakers whose progress towards a trip may be above 0, for lists in order of attention.
///
/// A report as such publishes no change, so the writer hands out the breakers that were stored since the last list. A
/// list therefore costs the writer no more than the reports since the last list did.
final class ProgressImage: Sendable {
    private typealias Breakers = [BreakerName: Breaker]

    /// The breakers that were handed out since the last list was read.
    private let added = NIOLockedValueBox<[BreakerName: Breaker?]>([:])
    /// Only lists take this lock. Each list holds it while it is made.
    private let breakers = NIOLockedValueBox<Breakers>([:])

    /// - Parameter some: in the order in which they were handed out; `nil` for a breaker without progress.
    func add(_ some: [(name: BreakerName, breaker: Breaker?)]) {
        added.withLockedValue { added in
            for (name, breaker) in some { added.updateValue(breaker, forKey: name) }
        }
    }

    /// - Parameters:
    ///   - panel: the breakers that exist.
    ///   - body: receives a function that returns the progress of the closed breaker with a name.
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

    /// How many breakers are handed out at once: a fraction of a millisecond of the writer's time.
    private static let handedOutAtATime = 2_000
}
