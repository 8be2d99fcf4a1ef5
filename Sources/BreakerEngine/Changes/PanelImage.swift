package import BreakerCore
import NIOConcurrencyHelpers
package import NIOCore

/// Every breaker as the last committed change left it: what a follower begins with.
///
/// It is made of pieces. The next image shares those in which nothing changed, so that followers who do not read what they
/// begin with hold little more than one image, at however many revisions they began.
package final class PanelImage: Sendable {
    package typealias Entry = (name: BreakerName, outline: Outline)

    /// Some breakers that follow each other in order of name.
    package final class Piece: Sendable {
        /// Not empty.
        package let breakers: [Entry]
        private let encoding = NIOLockedValueBox<ByteBuffer?>(nil)

        fileprivate init(_ breakers: [Entry]) {
            self.breakers = breakers
        }

        /// What `encode` makes of the breakers: made once, and shared by all who ask.
        package func encoded(_ encode: ([Entry]) -> ByteBuffer) -> ByteBuffer {
            if let known = encoding.withLockedValue({ $0 }) { return known }
            let bytes = encode(breakers)
            encoding.withLockedValue { $0 = bytes }
            return bytes
        }
    }

    /// The last change that is in it.
    package let revision: Int64
    /// How often the clock was set before.
    let shifts: Int
    package let at: Instant
    /// In order of name.
    package let pieces: [Piece]

    package var breakers: [Entry] { pieces.flatMap(\.breakers) }

    private init(revision: Int64, shifts: Int, at instant: Instant, pieces: [Piece]) {
        self.revision = revision
        self.shifts = shifts
        at = instant
        self.pieces = pieces
    }

    /// - Parameter breakers: in order of name.
    convenience init(revision: Int64, shifts: Int, at instant: Instant, breakers: [Entry]) {
        self.init(revision: revision, shifts: shifts, at: instant, pieces: Self.cut(breakers))
    }

    /// The image after `changes`, which follow its revision without a gap.
    func applying(_ changes: [Journal.Change], at now: Instant) -> PanelImage {
        guard let last = changes.last else { return self }
        var outlines: [BreakerName: Outline?] = [:]
        for change in changes { outlines.updateValue(change.outline, forKey: change.name) }
        var rest = outlines.sorted { $0.key < $1.key }[...]
        var pieces: [Piece] = []
        pieces.reserveCapacity(self.pieces.count)
        for piece in self.pieces {
            // A name between two pieces joins the second, and one after all of them a piece of its own.
            let own = rest.prefix { $0.key <= piece.breakers[piece.breakers.count - 1].name }
            rest = rest.dropFirst(own.count)
            if own.isEmpty { pieces.append(piece) } else { pieces += Self.cut(Self.merge(own, into: piece.breakers)) }
        }
        if !rest.isEmpty {
            let end = pieces.popLast()
            pieces += Self.cut(Self.merge(rest, into: end?.breakers ?? []))
        }
        return PanelImage(revision: last.revision, shifts: shifts, at: now, pieces: pieces)
    }

    private static func merge(
        _ changes: ArraySlice<(key: BreakerName, value: Outline?)>,
        into breakers: [Entry]
    ) -> [Entry] {
        var named = Dictionary(uniqueKeysWithValues: breakers.map { ($0.name, $0.outline) })
        for (name, outline) in changes { named[name] = outline }
        return named.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }

    /// Some 18 KB of JSON.
    private static let pieceSize = 100

    /// Cuts into pieces of about one size. A list that is only slightly larger is not cut.
    private static func cut(_ breakers: [Entry]) -> [Piece] {
        guard breakers.count > pieceSize + pieceSize / 2 else { return breakers.isEmpty ? [] : [Piece(breakers)] }
        let count = (breakers.count + pieceSize - 1) / pieceSize
        return (0..<count).map { index in
            Piece(Array(breakers[index * breakers.count / count..<(index + 1) * breakers.count / count]))
        }
    }
}

extension Engine {
    /// The panel as of the last change that was published, or a later one.
    /// - Throws: ``EngineError/Code/storageUnavailable``.
    package func panelImage() async throws(EngineError) -> PanelImage {
        if let known = panelImages.withLockedValue({ $0 }), let image = upToDate(known) {
            keep(image)
            return image
        }
        // Read on the writer's thread, between two batches: everything up to its revision is in it, and nothing after.
        return try await writer.read { working, now in
            // Another may have been made while this one waited.
            let known = panelImages.withLockedValue { $0 }
            if let known, known.revision == working.committedRevision, known.shifts == working.shifts { return known }
            let image = PanelImage(
                revision: working.committedRevision,
                shifts: working.shifts,
                at: now,
                breakers: working.names.compactMap { name in working[name].map { (name, $0.outline) } }
            )
            keep(image)
            return image
        }
    }

    /// - Returns: `nil` where the feed no longer has what happened since, or the clock was set.
    private func upToDate(_ known: PanelImage) -> PanelImage? {
        var changes: [Journal.Change] = []
        while true {
            switch feed.take(behind: changes.last?.revision ?? known.revision, shifts: known.shifts) {
            case .changes(let next): changes += next
            case .upToDate: return known.applying(changes, at: clock.now())
            case .behind, .shifted: return nil
            }
        }
    }

    private func keep(_ image: PanelImage) {
        panelImages.withLockedValue { known in
            guard let last = known, (last.shifts, last.revision) > (image.shifts, image.revision) else {
                known = image
                return
            }
        }
    }
}
