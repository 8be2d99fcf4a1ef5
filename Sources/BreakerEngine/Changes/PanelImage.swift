package import BreakerCore
import NIOConcurrencyHelpers
package import NIOCore

/// Every breaker as the last committed change left it: what a follower begins with, and what lists are made of.
///
/// It is made of pieces. The next image shares those in which nothing changed, so that followers who do not read what they
/// begin with hold little more than one image, at however many revisions they began.
package final class PanelImage: Sendable {
    package typealias Entry = (name: BreakerName, outline: Outline)

    /// Some breakers that follow each other in order of name.
    package final class Piece: Sendable {
        /// Not empty.
        package let breakers: [Entry]
        /// How many there are of each state, up to ``nextDue``.
        let totals: BreakerList.Totals
        /// When the passing of time changes one of them next; `nil` where it never does.
        let nextDue: Instant?
        private let encoding = NIOLockedValueBox<ByteBuffer?>(nil)

        fileprivate init(_ breakers: [Entry]) {
            self.breakers = breakers
            totals = breakers.reduce(into: BreakerList.Totals()) { $0.add($1.outline) }
            nextDue = breakers.lazy.compactMap(\.outline.nextDue).min()
        }

        var first: BreakerName { breakers[0].name }
        var last: BreakerName { breakers[breakers.count - 1].name }

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
        var outlines: [BreakerName: Outline?] = [:]
        for change in changes { outlines.updateValue(change.outline, forKey: change.name) }
        var rest = outlines.sorted { $0.key < $1.key }[...]
        var pieces: [Piece] = []
        pieces.reserveCapacity(self.pieces.count)
        for (index, piece) in self.pieces.enumerated() {
            // A name between two pieces joins the second, and one after all of them the last.
            let own = index == self.pieces.count - 1 ? rest : rest.prefix { $0.key <= piece.last }
            rest = rest.dropFirst(own.count)
            let next = own.isEmpty ? [piece] : Self.cut(Self.merge(own, into: piece.breakers))
            for piece in next { Self.append(piece, to: &pieces) }
        }
        pieces += Self.cut(Self.merge(rest, into: []))
        return PanelImage(revision: last.revision, shifts: shifts, at: now, pieces: pieces)
    }

    /// Appends a piece, or joins it with the one before where both have room in one.
    private static func append(_ piece: Piece, to pieces: inout [Piece]) {
        guard let last = pieces.last, last.breakers.count + piece.breakers.count <= pieceSize else {
            return pieces.append(piece)
        }
        pieces[pieces.count - 1] = Piece(last.breakers + piece.breakers)
    }

    /// - Parameter changes: in order of name, as `breakers` are.
    private static func merge(
        _ changes: ArraySlice<(key: BreakerName, value: Outline?)>,
        into breakers: [Entry]
    ) -> [Entry] {
        var merged: [Entry] = []
        merged.reserveCapacity(breakers.count + changes.count)
        var rest = breakers[...]
        for (name, outline) in changes {
            let before = rest.prefix { $0.name < name }
            merged += before
            rest = rest.dropFirst(before.count)
            if rest.first?.name == name { rest.removeFirst() }
            if let outline { merged.append((name, outline)) }
        }
        return merged + rest
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

extension PanelImage {
    convenience init(of working: WorkingCopy, at now: Instant) {
        self.init(
            revision: working.committedRevision,
            shifts: working.shifts,
            at: now,
            breakers: working.names.compactMap { name in working[name].map { (name, $0.outline) } }
        )
    }
}
