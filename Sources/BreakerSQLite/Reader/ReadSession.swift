import BreakerCore
import BreakerStorage

/// A read-only connection with its prepared statements.
final class ReadSession {
    private let selectFailures: Statement
    private let selectFailuresWithin: Statement
    private let selectCalls: Statement
    private let selectTransitions: Statement
    private let selectTransitionsOfOne: Statement
    private let selectAudit: Statement
    private let selectChanges: Statement
    private let selectRevision: Statement

    init(_ path: String, vfs: String?, lock: DatabaseLock?) throws(SQLiteError) {
        let connection = try Connection(path: path, access: .readOnly, vfs: vfs, lock: lock)
        selectFailures = try Statement(
            """
            SELECT \(FailureTable.columns.names.joined(separator: ", ")) FROM failures
            WHERE breaker_id = ? AND number < ? ORDER BY number DESC LIMIT ?
            """,
            on: connection
        )
        selectFailuresWithin = try Statement(Self.selectFailuresWithin, on: connection)
        selectCalls = try Statement(CallTable.selectMinutes, on: connection)
        // The order is that of the table. CROSS JOIN makes SQLite read transitions in the outer loop, so that it finds
        // the newest page without reading the others. It skips many rows only if few names have the prefix.
        let selectNamed = """
            SELECT b.name, \(TransitionTable.columns.names.map { "t.\($0)" }.joined(separator: ", "))
            FROM transitions t CROSS JOIN breakers b ON b.id = t.breaker_id
            WHERE t.revision < ? AND substr(b.name, 1, length(?)) = ?
            """
        selectTransitions = try Statement("\(selectNamed) ORDER BY t.revision DESC LIMIT ?", on: connection)
        selectAudit = try Statement(Self.selectAudit, on: connection)
        selectTransitionsOfOne = try Statement(
            "\(selectNamed) AND t.breaker_id = ? ORDER BY t.revision DESC LIMIT ?",
            on: connection
        )
        selectChanges = try Statement(ChangeTable.selectAfter, on: connection)
        selectRevision = try Statement("SELECT revision FROM server", on: connection)
    }

    func failures(ofBreaker id: Int64, before number: Int64?, limit: Int) throws(SQLiteError) -> [Failure] {
        selectFailures.bind(id)
        selectFailures.bind(number ?? .max)
        selectFailures.bind(Int64(limit))
        return try selectFailures.readAll { row throws(SQLiteError) in try FailureTable.failureOrNull(&row) }
    }

    func transitions(
        visible scope: NameScope,
        before revision: Int64?,
        limit: Int
    ) throws(SQLiteError) -> [NamedTransition] {
        bind(selectTransitions, scope, revision)
        selectTransitions.bind(Self.rows(limit, in: scope))
        return try transitions(selectTransitions, in: scope, limit: limit)
    }

    func transitions(
        ofBreaker id: Int64,
        visible scope: NameScope,
        before revision: Int64?,
        limit: Int
    ) throws(SQLiteError) -> [NamedTransition] {
        bind(selectTransitionsOfOne, scope, revision)
        selectTransitionsOfOne.bind(id)
        selectTransitionsOfOne.bind(Self.rows(limit, in: scope))
        return try transitions(selectTransitionsOfOne, in: scope, limit: limit)
    }

    /// Reads a page of changes. It reads the last revision first, because a later one cannot come from this database.
    func changes(after revision: Int64, limit: Int) throws(SQLiteError) -> ChangePage {
        let last = try selectRevision.first { $0.integer() } ?? 0
        guard revision <= last else { return .unknownRevision }
        selectChanges.bind(revision)
        selectChanges.bind(Int64(limit))
        let changes = try selectChanges.readAll { row throws(SQLiteError) -> Journal.Change? in
            try ChangeTable.change(&row)
        }
        guard let first = changes.first else { return revision == last ? .changes([]) : .trimmed }
        return first.revision == revision + 1 ? .changes(changes) : .trimmed
    }

    private func bind(_ statement: Statement, _ scope: NameScope, _ revision: Int64?) {
        statement.bind(revision ?? .max)
        statement.bind(scope.commonPrefix)
        statement.bind(scope.commonPrefix)
    }

    /// The number of rows that a statement may read to find `limit` rows of the scope, if the statement itself checks
    /// only the common prefix. A negative number is no limit.
    static func rows(_ limit: Int, in scope: NameScope) -> Int64 { scope.isOnePrefix ? Int64(limit) : -1 }

    private func transitions(
        _ statement: Statement,
        in scope: NameScope,
        limit: Int
    ) throws(SQLiteError) -> [NamedTransition] {
        var transitions: [NamedTransition] = []
        try statement.readRows { row throws(SQLiteError) in
            guard transitions.count < limit else { return false }
            let name = try row.name()
            guard scope.contains(name) else { return true }
            if let transition = try TransitionTable.transitionOrNull(&row) {
                transitions.append(NamedTransition(name: name, transition: transition))
            }
            return true
        }
        return transitions
    }

    // MARK: Calls and failures of a period

    func calls(ofBreaker id: Int64, in steps: CallHistory.Steps) throws(SQLiteError) -> CallHistory {
        var history = CallHistory(steps)
        selectCalls.bind(steps.first.number)
        selectCalls.bind(steps.end.number)
        selectCalls.bind(id)
        try selectCalls.forEachRow { row throws(SQLiteError) in
            let (minute, tally) = try CallTable.minute(&row)
            history.add(tally, at: minute)
        }
        return history
    }

    /// Selects the failures of a breaker within a period. A log is short, so the search needs no index on `at`.
    private static let selectFailuresWithin = """
        SELECT \(FailureTable.columns.names.joined(separator: ", ")) FROM failures
        WHERE breaker_id = ? AND at >= ? AND at < ? ORDER BY number DESC
        """

    func failures(ofBreaker id: Int64, from: Instant, to: Instant) throws(SQLiteError) -> [Failure] {
        selectFailuresWithin.bind(id)
        selectFailuresWithin.bind(from)
        selectFailuresWithin.bind(to)
        return try selectFailuresWithin.readAll { row throws(SQLiteError) in try FailureTable.failureOrNull(&row) }
    }

    // MARK: Audit

    /// Selects a page of entries, newest first. SQLite reads the table from its end, so that no other index is needed.
    private static let selectAudit = """
        SELECT \(AuditTable.allColumns.joined(separator: ", ")) FROM audit
        WHERE revision < ? AND breaker = coalesce(?, breaker) AND actor = coalesce(?, actor)
        AND action = coalesce(?, action) AND at >= ? AND at < ?
        AND substr(breaker, 1, length(?)) = ? AND substr(breaker, 1, length(?)) = ?
        ORDER BY revision DESC LIMIT ?
        """

    func audit(_ filter: AuditFilter, before revision: Int64?, limit: Int) throws(SQLiteError) -> [AuditEntry] {
        selectAudit.bind(revision ?? .max)
        selectAudit.bind(filter.breaker?.value)
        selectAudit.bind(filter.actor)
        selectAudit.bind(filter.action?.rawValue)
        selectAudit.bind(filter.from?.milliseconds ?? .min)
        selectAudit.bind(filter.to?.milliseconds ?? .max)
        for prefix in [filter.prefix, filter.visible.commonPrefix] {
            selectAudit.bind(prefix)
            selectAudit.bind(prefix)
        }
        selectAudit.bind(Self.rows(limit, in: filter.visible))
        var entries: [AuditEntry] = []
        try selectAudit.readRows { row throws(SQLiteError) in
            guard entries.count < limit else { return false }
            if let entry = try AuditTable.entry(&row, in: filter.visible) { entries.append(entry) }
            return true
        }
        return entries
    }
}
