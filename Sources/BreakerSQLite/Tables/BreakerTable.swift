import BreakerCore
import BreakerStorage

/// The breakers, one row for each.
struct BreakerTable {
    private let connection: Connection
    private let insert: Statement
    private let updateAll: Statement
    private let updateCounts: Statement
    private let deleteOne: Statement
    private let selectAll: Statement
    private let selectOne: Statement
    private let selectTrips: Statement

    /// The columns that never change while a breaker exists, without the name, which comes first.
    private static let constantColumns = Columns<BreakerRow>([
        Column("id", { $0.id }, { $0.id = $1 }),
        Column("created_at", { $0.createdAt }, { $0.createdAt = $1 }),
        Column("created_by", { $0.creator }, { $0.creator = $1 }),
    ])
    /// The columns that change only with the state, a lease or an override.
    private static let stateColumns = Columns<BreakerRow>([
        Column("state", { $0.state }, { $0.state = $1 }),
        Column("generation", { $0.generation }, { $0.generation = $1 }),
        Column("since_at", { $0.since }, { $0.since = $1 }),
        Column("not_closed_since", { $0.notClosedSince }, { $0.notClosedSince = $1 }),
        Column("open_until", { $0.openUntil }, { $0.openUntil = $1 }),
        Column(
            names: ["leases"],
            bind: { $0.bind(LeaseText.text(of: $1.leases)) },
            read: { row, value throws(SQLiteError) in value.leases = try LeaseText.leases(in: row.text()) }
        ),
        Column("probe_successes", { $0.probeSuccesses }, { $0.probeSuccesses = $1 }),
        Column("lost_probes", { $0.lostProbes }, { $0.lostProbes = $1 }),
        Column(Override.columns(), { $0.override }, { $0.override = $1 }, blank: .blank),
        Column(backOffColumns, { $0.backOff }, { $0.backOff = $1 }, blank: Breaker.BackOff(openings: 0, lastOpenMs: 0)),
        Column("last_transition", { $0.lastTransition }, { $0.lastTransition = $1 }),
    ])
    private static let backOffColumns = Columns<Breaker.BackOff>([
        Column("back_off_openings", { $0.openings }, { $0.openings = $1 }),
        Column("back_off_last_open_ms", { $0.lastOpenMs }, { $0.lastOpenMs = $1 }),
    ])
    /// The columns that change with a report that causes no transition. None of them has a CHECK, which would cost as
    /// much as writing the row.
    private static let countColumns = Columns<BreakerRow>([
        Column("consecutive_failures", { $0.consecutiveFailures }, { $0.consecutiveFailures = $1 }),
        Column("window", { $0.window }, { $0.window = $1 }),
        Column("failure_rows", { $0.failureRows }, { $0.failureRows = $1 }),
        Column("last_success_ms", { $0.lastSuccessMs }, { $0.lastSuccessMs = $1 }),
        Column("last_failure_ms", { $0.lastFailureMs }, { $0.lastFailureMs = $1 }),
        Column("last_failure", { $0.lastFailure }, { $0.lastFailure = $1 }),
    ])
    private static let variableColumns = stateColumns + countColumns
    private static let storedColumns = constantColumns + variableColumns
    /// The last column of each list, which is no part of the state machine.
    private static let lastSeen = "last_seen_at"

    init(_ connection: Connection) throws(SQLiteError) {
        self.connection = connection
        let columns = ["name"] + Self.storedColumns.names + [Self.lastSeen]
        insert = try Statement(insertInto: "breakers", columns, on: connection)
        // Not the name: setting it would rewrite its index entry, even if it stays the same.
        updateAll = try Self.update(Self.variableColumns, on: connection)
        updateCounts = try Self.update(Self.countColumns, on: connection)
        deleteOne = try Statement("DELETE FROM breakers WHERE id = ?", on: connection)
        let lists = [
            columns.map { "b.\($0)" },
            PolicyTable.columns.map { "p.\($0)" },
            FailureTable.columns.names.map { "f.\($0)" },
            TransitionTable.columns.names.map { "t.\($0)" },
        ]
        // The row of the failure that ended last is the newest row, or an earlier row that retention may have deleted.
        let select = """
            SELECT \(lists.joined().joined(separator: ", "))
            FROM breakers b
            JOIN policies p ON p.breaker_id = b.id
            LEFT JOIN failures f ON f.breaker_id = b.id AND f.number = (
                SELECT min(number) FROM failures WHERE breaker_id = b.id AND number IN (b.last_failure, b.failure_rows)
            )
            LEFT JOIN transitions t ON t.revision = b.last_transition
            """
        selectAll = try Statement("\(select) ORDER BY b.name", on: connection)
        selectOne = try Statement("\(select) WHERE b.name = ?", on: connection)
        selectTrips = try Statement(
            """
            SELECT at FROM transitions
            WHERE breaker_id = ? AND at > ? AND is_trip
            ORDER BY at DESC LIMIT \(Breaker.keptOpenings)
            """,
            on: connection
        )
    }

    /// Deletes the breaker and, by foreign-key actions, the rows that refer to it.
    func delete(_ id: Int64) throws(SQLiteError) {
        deleteOne.bind(id)
        try deleteOne.run()
    }

    // MARK: Writing

    /// - Parameters:
    ///   - revision: the last stored revision. A breaker with a later revision as its id is not stored yet.
    ///   - isShifted: whether instants of the breaker moved without a revision.
    func put(_ stored: StoredBreaker, storedUpTo revision: Int64, isShifted: Bool) throws(SQLiteError) {
        let breaker = stored.breaker
        let row = breaker.row
        guard breaker.id <= revision else {
            insert.bind(breaker.name.value)
            Self.storedColumns.bind(row, to: insert)
            insert.bind(stored.lastSeenAt?.milliseconds)
            return try insert.run()
        }
        let hasMoved = isShifted || breaker.hasMoved(since: revision)
        let update = hasMoved ? updateAll : updateCounts
        (hasMoved ? Self.variableColumns : Self.countColumns).bind(row, to: update)
        update.bind(stored.lastSeenAt?.milliseconds)
        update.bind(breaker.id)
        try update.run()
        guard connection.changes == 1 else { throw .damaged("\(breaker.name) is missing") }
    }

    private static func update(
        _ columns: Columns<BreakerRow>,
        on connection: Connection
    ) throws(SQLiteError) -> Statement {
        let updates = (columns.names + [lastSeen]).map { "\($0) = ?" }.joined(separator: ", ")
        return try Statement("UPDATE breakers SET \(updates) WHERE id = ?", on: connection)
    }

    // MARK: Reading

    /// Every breaker, ordered by name.
    /// - Parameter lastWrite: the instant of the last write. The trips within the hour before it are read too.
    func all(lastWrite: Instant?) throws(SQLiteError) -> [StoredBreaker] {
        var breakers: [StoredBreaker] = []
        // An array that grows step by step uses up to twice the memory.
        breakers.reserveCapacity(Int(try connection.integer("SELECT count(*) FROM breakers") ?? 0))
        var policies = PolicyTable.Reading()
        try selectAll.forEachRow { row throws(SQLiteError) in
            breakers.append(try breaker(&row, &policies, lastWrite: lastWrite))
        }
        return breakers
    }

    func breaker(named name: BreakerName, lastWrite: Instant?) throws(SQLiteError) -> StoredBreaker? {
        var policies = PolicyTable.Reading()
        selectOne.bind(name.value)
        return try selectOne.first { row throws(SQLiteError) in try breaker(&row, &policies, lastWrite: lastWrite) }
    }

    private func breaker(
        _ row: inout Row,
        _ policies: inout PolicyTable.Reading,
        lastWrite: Instant?
    ) throws(SQLiteError) -> StoredBreaker {
        let blank = BreakerRow(name: try row.name())
        let stored = try Self.storedColumns.read(&row, into: blank)
        let lastSeenAt = try Instant?.read(&row)
        let breaker = Breaker(
            stored,
            policy: try policies.read(&row, of: stored.name),
            lastFailure: try FailureTable.failureOrNull(&row),
            lastTransition: try TransitionTable.transitionOrNull(&row),
            recentOpenings: try trips(of: stored.id, lastWrite: lastWrite)
        )
        guard let breaker else { throw .damaged("the window of \(stored.name) is not readable") }
        return StoredBreaker(breaker, lastSeenAt: lastSeenAt)
    }

    /// The instants at which the breaker tripped in the hour before the last write, oldest first. If the clock was set
    /// back after a trip, the trip is dated after the last write; the instant of the last write is then used.
    private func trips(of id: Int64, lastWrite: Instant?) throws(SQLiteError) -> [Instant] {
        guard let lastWrite else { return [] }
        selectTrips.bind(id)
        selectTrips.bind(lastWrite.advanced(byMilliseconds: -Breaker.recentMs))
        let trips: [Instant] = try selectTrips.readAll { min($0.instant(), lastWrite) }
        return trips.reversed()
    }
}

extension Breaker {
    /// Whether anything except the counts of a closed breaker may differ from the row that was stored at `revision`.
    /// Each transition and each override takes a revision, and leases change only while half open.
    fileprivate func hasMoved(since revision: Int64) -> Bool {
        state != .closed || max(generation, lastTransition?.revision ?? 0) > revision
    }
}

// MARK: Parts of rows

extension Override {
    /// The columns of an override, which several tables have.
    static func columns(prefix: String = "") -> Columns<Override> {
        Columns([
            Column("\(prefix)override_mode", { $0.mode }, { $0.mode = $1 }),
            Column("\(prefix)override_reason", { $0.reason }, { $0.reason = $1 }),
            Column("\(prefix)override_actor", { $0.actor }, { $0.actor = $1 }),
            Column("\(prefix)override_since_at", { $0.since }, { $0.since = $1 }),
            Column("\(prefix)override_expires_at", { $0.expiresAt }, { $0.expiresAt = $1 }),
        ])
    }

    /// An override into which a row is read.
    static let blank = Override(mode: .shadow, reason: "", actor: "", since: .zero, expiresAt: nil)
}

/// The text form of leases in a column: `00000000000001f3@1700000030000 …`.
enum LeaseText {
    static func text(of leases: [Breaker.Lease]) -> String {
        if leases.isEmpty { return "" }
        return leases.map { "\($0.id.hexadecimal)@\($0.until.milliseconds)" }.joined(separator: " ")
    }

    static func leases(in text: String) throws(SQLiteError) -> [Breaker.Lease] {
        var leases: [Breaker.Lease] = []
        for part in text.split(separator: " ") {
            let halves = part.split(separator: "@")
            guard halves.count == 2, let id = UInt64(hexadecimal: halves[0]), let until = Int64(halves[1])
            else { throw .damaged("'\(text)' is not a list of leases") }
            leases.append(Breaker.Lease(id: id, until: Instant(milliseconds: until)))
        }
        return leases
    }
}
