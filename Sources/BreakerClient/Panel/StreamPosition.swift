import BreakerAPI

/// How far a follower has come in the changes of a server's database.
struct StreamPosition: Hashable, Sendable {
    /// The history that the revision is of: a restored backup and a new database have another. `nil` where the server
    /// knows no epochs.
    var epoch: String?
    var revision: Int64

    init(epoch: String? = nil, revision: Int64) {
        self.epoch = epoch
        self.revision = revision
    }

    /// - Returns: `nil` for an event before any change.
    init?(_ event: EventDocument) {
        guard let revision = event.revision else { return nil }
        let prefix = event.id.flatMap { id in id.firstIndex(of: "-").map { String(id[..<$0]) } }
        self.init(epoch: prefix ?? event.epoch, revision: revision)
    }

    /// As the server takes it.
    var text: String { (epoch.map { $0 + "-" } ?? "") + String(revision) }

    /// Whether `other`, with which the whole panel came anew, is of another history: its numbers say nothing of these.
    func isOtherHistory(than other: StreamPosition) -> Bool { epoch != other.epoch || other.revision > revision }
}
