import BreakerAPI
import BreakerCore
import NIOConcurrencyHelpers

/// What the stream told of all breakers, and those that this process uses.
final class LocalPanel: Sendable {
    private struct State {
        var images: [String: LocalImage] = [:]
        var entries: [String: BreakerEntry] = [:]
        /// By place.
        var ordered: [BreakerEntry] = []
    }

    private let state = NIOLockedValueBox(State())

    /// The one of this name, for whoever asks.
    func entry(_ name: String) -> BreakerEntry {
        state.withLockedValue { state in
            if let entry = state.entries[name] { return entry }
            let entry = BreakerEntry(name: name, place: state.ordered.count, image: state.images[name])
            state.entries[name] = entry
            state.ordered.append(entry)
            return entry
        }
    }

    /// In the order in which they were first asked for.
    var entries: [BreakerEntry] { state.withLockedValue { $0.ordered } }

    /// The whole panel anew. Called by the one who reads the stream, as ``show(_:_:)`` is.
    /// - Parameter isOtherHistory: whether generations and revisions say nothing of those that were shown before.
    func replace(_ images: [String: LocalImage], isOtherHistory: Bool) {
        let entries = state.withLockedValue { state in
            state.images = images
            return state.ordered
        }
        for entry in entries {
            if isOtherHistory { entry.forgetHistory() }
            entry.show(images[entry.name], isAnew: true)
        }
    }

    /// The server's clock is known better by so much.
    func move(byNs difference: Int64) {
        let (images, entries) = state.withLockedValue { state in
            state.images = state.images.mapValues { $0.moved(byNs: difference) }
            return (state.images, state.ordered)
        }
        for entry in entries { entry.show(images[entry.name]) }
    }

    /// - Parameter image: `nil` for a name that is deleted, or of which only the server knows what it means.
    func show(_ name: String, _ image: LocalImage?) {
        let entry = state.withLockedValue { state in
            state.images[name] = image
            return state.entries[name]
        }
        entry?.show(image)
    }
}
