package import BreakerCore
import NIOConcurrencyHelpers

/// Every breaker as the last committed change left it: what a follower begins with.
///
/// A class, and made once for each revision and setting of the clock, so that a thousand followers who begin at the same time share one.
package final class PanelImage: Sendable {
    /// The last change that is in it.
    package let revision: Int64
    /// How often the clock was set before.
    let shifts: Int
    package let at: Instant
    /// In order of name.
    package let breakers: [(name: BreakerName, outline: Outline)]

    init(revision: Int64, shifts: Int, at instant: Instant, breakers: [(name: BreakerName, outline: Outline)]) {
        self.revision = revision
        self.shifts = shifts
        at = instant
        self.breakers = breakers
    }
}

extension Engine {
    /// Read on the writer's thread, between two batches: everything up to its revision is in it, and nothing behind.
    /// - Throws: ``EngineError/Code/storageUnavailable``.
    package func panelImage() async throws(EngineError) -> PanelImage {
        try await writer.read { [panelImages] working, now in
            let known = panelImages.withLockedValue { $0 }
            if let known, known.revision == working.committedRevision, known.shifts == working.shifts { return known }
            let image = PanelImage(
                revision: working.committedRevision,
                shifts: working.shifts,
                at: now,
                breakers: working.names.compactMap { name in working[name].map { (name, $0.outline) } }
            )
            panelImages.withLockedValue { $0 = image }
            return image
        }
    }
}
