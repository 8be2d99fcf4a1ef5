import BreakerAPI
import BreakerCore
import NIOConcurrencyHelpers

/// The breakers as the stream reported them, and the entries of those that this process uses.
final class LocalPanel: Sendable {
    private struct State {
        var summaries: [String: LocalSummary] = [:]
        var entries: [String: BreakerEntry] = [:]
        /// The entries by their ``BreakerEntry/index``.
        var ordered: [BreakerEntry] = []
    }

    private let state = NIOLockedValueBox(State())

    /// The entry of this name, which all callers share.
    func entry(_ name: String) -> BreakerEntry {
        state.withLockedValue { state in
            if let entry = state.entries[name] { return entry }
            let entry = BreakerEntry(name: name, index: state.ordered.count, summary: state.summaries[name])
            state.entries[name] = entry
            state.ordered.append(entry)
            return entry
        }
    }

    /// All entries, in the order of their creation.
    var entries: [BreakerEntry] { state.withLockedValue { $0.ordered } }

    /// Whether this process uses the breaker of this name.
    func has(_ name: String) -> Bool { state.withLockedValue { $0.entries[name] != nil } }

    /// Replaces the whole panel. Only the stream's reader calls this and ``show(_:_:)``.
    /// - Parameter isOtherHistory: whether generations and revisions cannot be compared with the earlier ones.
    func replace(_ summaries: [String: LocalSummary], isOtherHistory: Bool) {
        let entries = state.withLockedValue { state in
            state.summaries = summaries
            return state.ordered
        }
        for entry in entries {
            if isOtherHistory { entry.forgetHistory() }
            entry.show(summaries[entry.name], isAnew: true)
        }
    }

    /// Shifts all instants after a better estimate of the server's clock.
    func move(byNs difference: Int64) {
        let (summaries, entries) = state.withLockedValue { state in
            state.summaries = state.summaries.mapValues { $0.moved(byNs: difference) }
            return (state.summaries, state.ordered)
        }
        for entry in entries { entry.show(summaries[entry.name]) }
    }

    /// Updates one breaker.
    /// - Parameter summary: `nil` for a deleted breaker, or for one that this version cannot read.
    func show(_ name: String, _ summary: LocalSummary?) {
        let entry = state.withLockedValue { state in
            state.summaries[name] = summary
            return state.entries[name]
        }
        entry?.show(summary)
    }
}
