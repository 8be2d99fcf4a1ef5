import BreakerAPI

/// A follower's position in the changes of a server's database.
struct StreamPosition: Hashable, Sendable {
    /// The epoch that the revision belongs to; a restored backup or another database has a different one. `nil` if the
    /// server does not send epochs.
    var epoch: String?
    var revision: Int64

    init(epoch: String? = nil, revision: Int64) {
        self.epoch = epoch
        self.revision = revision
    }

    /// - Returns: `nil` for an event without a revision, which comes before any change.
    init?(_ event: EventDocument) {
        guard let revision = event.revision else { return nil }
        let prefix = event.id.flatMap { id in id.firstIndex(of: "-").map { String(id[..<$0]) } }
        self.init(epoch: prefix ?? event.epoch, revision: revision)
    }

    /// The position in the form that the server reads.
    var text: String { (epoch.map { $0 + "-" } ?? "") + String(revision) }

    /// Whether `other`, the position of a whole panel, belongs to another history, so that the numbers cannot be
    /// compared.
    func isOtherHistory(than other: StreamPosition) -> Bool { epoch != other.epoch || other.revision > revision }
}
