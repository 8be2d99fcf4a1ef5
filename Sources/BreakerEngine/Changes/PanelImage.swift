package import BreakerCore
import NIOConcurrencyHelpers
package import NIOCore

/// Every breaker as of the last committed change. Followers start with an image, and lists are made from one.
///
/// An image consists of pieces. The next image shares the pieces in which nothing changed. Followers that do not read
/// the image they start with therefore hold little more than one image together, however many revisions they started
/// at.
package final class PanelImage: Sendable {
    package typealias Entry = (name: BreakerName, summary: BreakerSummary)

    /// Consecutive breakers in order of name.
    package final class Piece: Sendable {
        /// Not empty.
        package let breakers: [Entry]
        /// How many breakers are in each state, valid until ``nextDue``.
        let totals: BreakerList.Totals
        /// When a change of one of the breakers is due next; `nil` for never.
        let nextDue: Instant?
        private let encoding = NIOLockedValueBox<ByteBuffer?>(nil)

        fileprivate init(_ breakers: [Entry]) {
            self.breakers = breakers
            totals = breakers.reduce(into: BreakerList.Totals()) { $0.add($1.summary) }
            nextDue = breakers.lazy.compactMap(\.summary.nextDue).min()
        }

        var first: BreakerName { breakers[0].name }
        var last: BreakerName { breakers[breakers.count - 1].name }

        /// The breakers as `encode` encodes them. The result is kept, and shared by all callers.
        package func encoded(_ encode: ([Entry]) -> ByteBuffer) -> ByteBuffer {
            if let known = encoding.withLockedValue({ $0 }) { return known }
            let bytes = encode(breakers)
            encoding.withLockedValue { $0 = bytes }
            return bytes
        }
    }

    /// The last change that the image includes.
    package let revision: Int64
    /// How often the clock had been set before.
    let shifts: Int
    package let at: Instant
    /// In order of name.
    package let pieces: [Piece]

    package var breakers: [Entry] { pieces.flatMap(\.breakers) }
    var count: Int { pieces.reduce(0) { $0 + $1.breakers.count } }

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
        var summaries: [BreakerName: BreakerSummary?] = [:]
        for change in changes { summaries.updateValue(change.summary, forKey: change.name) }
        var rest = summaries.sorted { $0.key < $1.key }[...]
        var pieces: [Piece] = []
        pieces.reserveCapacity(self.pieces.count)
        for (index, piece) in self.pieces.enumerated() {
            // A name between two pieces joins the second piece. A name after all pieces joins the last one.
            let own = index == self.pieces.count - 1 ? rest : rest.prefix { $0.key <= piece.last }
            rest = rest.dropFirst(own.count)
            let next = own.isEmpty ? [piece] : Self.cut(Self.merge(own, into: piece.breakers))
            for piece in next { Self.append(piece, to: &pieces) }
        }
        pieces += Self.cut(Self.merge(rest, into: []))
        return PanelImage(revision: last.revision, shifts: shifts, at: now, pieces: pieces)
    }

    /// Appends a piece, or joins it with the last one if both fit in one piece.
    private static func append(_ piece: Piece, to pieces: inout [Piece]) {
        guard let last = pieces.last, last.breakers.count + piece.breakers.count <= pieceSize else {
            return pieces.append(piece)
        }
        pieces[pieces.count - 1] = Piece(last.breakers + piece.breakers)
    }

    /// - Parameter changes: in order of name, as `breakers` are.
    private static func merge(
        _ changes: ArraySlice<(key: BreakerName, value: BreakerSummary?)>,
        into breakers: [Entry]
    ) -> [Entry] {
        var merged: [Entry] = []
        merged.reserveCapacity(breakers.count + changes.count)
        var rest = breakers[...]
        for (name, summary) in changes {
            let before = rest.prefix { $0.name < name }
            merged += before
            rest = rest.dropFirst(before.count)
            if rest.first?.name == name { rest.removeFirst() }
            if let summary { merged.append((name, summary)) }
        }
        return merged + rest
    }

    /// How many breakers a piece holds: about 18 KB of JSON.
    private static let pieceSize = 100

    /// Cuts a list into pieces of about equal size. A list that is only slightly larger than a piece is not cut.
    private static func cut(_ breakers: [Entry]) -> [Piece] {
        guard breakers.count > pieceSize + pieceSize / 2 else { return breakers.isEmpty ? [] : [Piece(breakers)] }
        let count = (breakers.count + pieceSize - 1) / pieceSize
        return (0..<count).map { index in
            Piece(Array(breakers[index * breakers.count / count..<(index + 1) * breakers.count / count]))
        }
    }
}

extension PanelImage {
    convenience init(of working: WorkingCopy, at now: Instant) {
        self.init(
            revision: working.committedRevision,
            shifts: working.shifts,
            at: now,
            breakers: working.names.compactMap { name in working[name].map { (name, $0.summary) } }
        )
    }
}
