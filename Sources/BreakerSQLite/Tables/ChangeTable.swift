import BreakerCore
import BreakerStorage

/// The log of changes, from which event streams resume.
struct ChangeTable {
    let log: RevisionLog
    private let insert: Statement

    /// The columns, without the name, which comes first.
    private static let columns = Columns<ChangeRow>([
        Column("revision", { $0.revision }, { $0.revision = $1 }),
        Column("breaker_id", { $0.breakerID }, { $0.breakerID = $1 }),
        Column("at", { $0.at }, { $0.at = $1 }),
        Column("kind", { $0.kind }, { $0.kind = $1 }),
        Column("actor", { $0.actor }, { $0.actor = $1 }),
        Column(TransitionTable.commonColumns, { $0.transition }, { $0.transition = $1 }, blank: TransitionTable.blank),
        Column(summaryColumns, { $0.summary }, { $0.summary = $1 }, blank: blankSummary),
    ])

    private static let summaryColumns = Columns<BreakerSummary>([
        Column("state", { $0.state }, { $0.state = $1 }),
        Column("generation", { $0.generation }, { $0.generation = $1 }),
        Column("since_at", { $0.since }, { $0.since = $1 }),
        Column("open_until", { $0.openUntil }, { $0.openUntil = $1 }),
        Column("policy_revision", { $0.policyRevision }, { $0.policyRevision = $1 }),
        Column(Override.columns(), { $0.override }, { $0.override = $1 }, blank: .blank),
    ])

    private static let blankSummary = BreakerSummary(
        state: .closed,
        generation: 0,
        since: .zero,
        openUntil: nil,
        policyRevision: 0,
        override: nil
    )

    /// Selects the changes after a revision. Parameters: the revision, and the limit.
    static let selectAfter = """
        SELECT name, \(columns.names.joined(separator: ", ")) FROM changes
        WHERE revision > ? ORDER BY revision LIMIT ?
        """

    init(_ connection: Connection) throws(SQLiteError) {
        log = try RevisionLog("changes", on: connection)
        insert = try Statement(insertInto: "changes", ["name"] + Self.columns.names, on: connection)
    }

    func insert(_ change: Journal.Change) throws(SQLiteError) {
        insert.bind(change.name.value)
        Self.columns.bind(ChangeRow(change), to: insert)
        try insert.run()
    }

    static func change(_ row: inout Row) throws(SQLiteError) -> Journal.Change {
        let name = try row.name()
        return try columns.read(&row, into: ChangeRow()).change(of: name)
    }
}

/// A row of ``ChangeTable``, without the name.
private struct ChangeRow {
    enum Kind: String, ColumnValue {
        case created, transition, policy, deleted
    }

    var revision: Int64 = 0
    var breakerID: Int64 = 0
    var at = Instant.zero
    var kind = Kind.created
    var actor: String?
    /// Without its revision, instant and actor, which are those of the row.
    var transition: Transition?
    var summary: BreakerSummary?

    init() {}

    init(_ change: Journal.Change) {
        revision = change.revision
        breakerID = change.breakerID
        at = change.at
        kind =
            switch change.kind {
            case .created: .created
            case .transition: .transition
            case .policyChanged: .policy
            case .deleted: .deleted
            }
        actor = change.actor
        transition = change.transition
        summary = change.summary
    }

    func change(of name: BreakerName) throws(SQLiteError) -> Journal.Change {
        Journal.Change(
            revision: revision,
            name: name,
            breakerID: breakerID,
            at: at,
            kind: try changeKind(),
            summary: summary
        )
    }

    private func changeKind() throws(SQLiteError) -> Journal.Change.Kind {
        switch kind {
        case .created: return .created
        case .policy: return .policyChanged(actor: actor)
        case .deleted: return .deleted(actor: actor)
        case .transition:
            guard var transition else { throw .damaged("the change \(revision) lacks its transition") }
            (transition.revision, transition.actor, transition.at) = (revision, actor, at)
            return .transition(transition)
        }
    }
}

/// The deletion of the oldest rows of a table whose key is the revision.
struct RevisionLog {
    private let connection: Connection
    private let table: StaticString
    private let deleteOldest: Statement

    init(_ table: StaticString, on connection: Connection) throws(SQLiteError) {
        self.connection = connection
        self.table = table
        deleteOldest = try Statement(
            "DELETE FROM \(table) WHERE revision IN (SELECT revision FROM \(table) ORDER BY revision LIMIT ?)",
            on: connection
        )
    }

    func count() throws(SQLiteError) -> Int {
        Int(try connection.integer("SELECT count(*) FROM \(table)") ?? 0)
    }

    func deleteOldest(_ count: Int) throws(SQLiteError) {
        deleteOldest.bind(Int64(count))
        try deleteOldest.run()
    }
}
