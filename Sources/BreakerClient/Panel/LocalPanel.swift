import BreakerAPI
import BreakerCore
import NIOConcurrencyHelpers

/// The breakers as the stream reported them, and the entries of those that this process uses.
final class LocalPanel: Sendable {
    private struct State {
        var images: [String: LocalSummary] = [:]
        var entries: [String: BreakerEntry] = [:]
        /// The entries by their ``BreakerEntry/index``.
        var ordered: [BreakerEntry] = []
    }

    private let state = NIOLockedValueBox(State())

    /// The entry of this name, which all callers share.
    func entry(_ name: String) -> BreakerEntry {
        state.withLockedValue { state in
            if let entry = state.entries[name] { return entry }
            let entry = BreakerEntry(name: name, index: state.ordered.count, image: state.images[name])
            state.entries[name] = entry
            state.ordered.append(entry)
            return entry
        }
    }

    /// All entries, in the order of their creation.
    var entries: [BreakerEntry] { state.withLockedValue { $0.ordered } }

    /// Replaces the whole panel. Only the stream's reader calls this and ``show(_:_:)``.
    /// - Parameter isOtherHistory: whether generations and revisions cannot be compared with the earlier ones.
    func replace(_ images: [String: LocalSummary], isOtherHistory: Bool) {
        let entries = state.withLockedValue { state in
            state.images = images
            return state.ordered
        }
        for entry in entries {
            if isOtherHistory { entry.forgetHistory() }
            entry.show(images[entry.name], isAnew: true)
        }
    }

    /// Shifts all instants after a better estimate of the server's clock.
    func move(byNs difference: Int64) {
        let (images, entries) = state.withLockedValue { state in
            state.images = state.images.mapValues { $0.moved(byNs: difference) }
            return (state.images, state.ordered)
        }
        for entry in entries { entry.show(images[entry.name]) }
    }

    /// Updates one breaker.
    /// - Parameter image: `nil` for a deleted breaker, or for one that this version cannot read.
    func show(_ name: String, _ image: LocalSummary?) {
        let entry = state.withLockedValue { state in
            state.images[name] = image
            return state.entries[name]
        }
        entry?.show(image)
    }
}
