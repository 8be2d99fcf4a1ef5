import BreakerCore

/// A position at which a stream of changes can resume: a revision, and the history that it belongs to.
///
/// It is written `<epoch>-<revision>`. Clients may also send a bare revision, whose history is unknown.
struct EventID: Hashable, Sendable, CustomStringConvertible {
    var epoch: Epoch?
    var revision: Int64

    init(_ epoch: Epoch?, _ revision: Int64) {
        self.epoch = epoch
        self.revision = revision
    }

    /// - Returns: `nil` where `text` is not an id.
    init?(_ text: String) {
        var digits = text[...]
        if let dash = text.firstIndex(of: "-") {
            guard let epoch = Epoch(text[..<dash]) else { return nil }
            self.epoch = epoch
            digits = text[text.index(after: dash)...]
        }
        // `Int64` also takes a sign.
        guard digits.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
            let revision = Int64(digits)
        else { return nil }
        self.revision = revision
    }

    var description: String { epoch.map { "\($0)-\(revision)" } ?? "\(revision)" }
}
