import Synchronization

/// A call that is under way, as the tasks that belong to it find it.
final class RunningCall: Sendable {
    /// Those that the present task belongs to: it makes them, or was started within them.
    @TaskLocal private static var all: [RunningCall] = []

    private let entry: BreakerEntry
    private let decision: CallDecision
    /// A task may inherit a call that ends before the task does.
    private let isOver = Atomic<Bool>(false)

    private init(_ entry: BreakerEntry, _ decision: CallDecision) {
        self.entry = entry
        self.decision = decision
    }

    /// - Returns: the decision under which a call of this breaker is made here; `nil` where none is.
    static func decision(of entry: BreakerEntry) -> CallDecision? {
        guard let call = all.first(where: { $0.entry === entry && $0.isRunning }) else { return nil }
        var decision = call.decision
        decision.isNested = true
        return decision
    }

    /// Runs a call, so that the calls of the same breaker within it are a part of it.
    static nonisolated(nonsending) func make<Value>(
        _ entry: BreakerEntry,
        under decision: CallDecision,
        _ operation: nonisolated(nonsending) (CallDecision) async throws -> Value
    ) async throws -> Value {
        let call = RunningCall(entry, decision)
        defer { call.isOver.store(true, ordering: .releasing) }
        // Those that are over would add up where each call starts the task that makes the next.
        return try await $all.withValue(all.filter(\.isRunning) + [call]) { try await operation(decision) }
    }

    private var isRunning: Bool { !isOver.load(ordering: .acquiring) }
}
