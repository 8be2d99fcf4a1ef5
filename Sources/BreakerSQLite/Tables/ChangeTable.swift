import BreakerCore
import BreakerStorage

/// The log of changes, from which event streams resume.
struct ChangeTable {
    let log: RevisionLog
    private let insert: Statement

    /// The columns in the order in which they are written and read.
    private static let columns = changeColumns + TransitionTable.commonColumns + summaryColumns
    private static let changeColumns = ["revision", "breaker_id", "name", "at", "kind", "actor"]
    private static let summaryColumns =
        ["state", "generation", "since_at", "open_until", "policy_revision"] + Override.columns()

    /// Selects the changes after a revision. Parameters: the revision, and the limit.
    static let selectAfter = """
        SELECT \(columns.joined(separator: ", ")) FROM changes WHERE revision > ? ORDER BY revision LIMIT ?
        """

    init(_ connection: Connection) throws(SQLiteError) {
        log = try RevisionLog("changes", on: connection)
        insert = try Statement(insertInto: "changes", Self.columns, on: connection)
    }

    func insert(_ change: Journal.Change) throws(SQLiteError) {
        insert.bind(change.revision)
        insert.bind(change.breakerID)
        insert.bind(change.name.value)
        insert.bind(change.at)
        insert.bind(change.kind.word.rawValue)
        insert.bind(change.actor)
        insert.bind(change.transition)
        let summary = change.summary
        insert.bind(summary?.state.rawValue)
        insert.bind(summary?.generation)
        insert.bind(summary?.since)
        insert.bind(summary?.openUntil)
        insert.bind(summary?.policyRevision)
        insert.bind(summary?.override)
        try insert.run()
    }

    // MARK: Reading

    static func change(_ row: inout Row) throws(SQLiteError) -> Journal.Change {
        let revision = row.integer()
        let breakerID = row.integer()
        let name = try row.name()
        let at = row.instant()
        let word: Word = try row.word()
        let actor = row.textOrNull()
        let kind: Journal.Change.Kind
        switch word {
        case .transition: kind = .transition(try row.transition(revision: revision, actor: actor, at: at))
        case .created, .policy, .deleted:
            row.skip(Int32(TransitionTable.commonColumns.count))
            kind = word == .created ? .created : word == .policy ? .policyChanged(actor: actor) : .deleted(actor: actor)
        }
        return Journal.Change(
            revision: revision,
            name: name,
            breakerID: breakerID,
            at: at,
            kind: kind,
            summary: word == .deleted ? nil : try summary(&row)
        )
    }

    private static func summary(_ row: inout Row) throws(SQLiteError) -> BreakerSummary {
        BreakerSummary(
            state: try row.word(),
            generation: row.integer(),
            since: row.instant(),
            openUntil: row.instantOrNull(),
            policyRevision: row.integer(),
            override: try row.override()
        )
    }
}

extension ChangeTable {
    /// A value of the column `kind`.
    fileprivate enum Word: String {
        case created, transition, policy, deleted
    }
}

extension Journal.Change.Kind {
    fileprivate var word: ChangeTable.Word {
        switch self {
        case .created: .created
        case .transition: .transition
        case .policyChanged: .policy
        case .deleted: .deleted
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
