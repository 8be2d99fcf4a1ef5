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

    /// The columns that never change while a breaker exists. They come first.
    private static let constantColumns = ["id", "name", "created_at", "created_by"]
    /// The columns that change only with the state, a lease or an override.
    private static let stateColumns =
        ["state", "generation", "since_at", "open_until", "leases", "probe_successes", "lost_probes"]
        + Override.columns() + ["back_off_openings", "back_off_last_open_ms", "last_transition"]
    /// The columns that change with a report that causes no transition. None of them has a CHECK, which would cost as
    /// much as writing the row.
    private static let countColumns = [
        "consecutive_failures", "window", "failure_rows", "last_seen_at", "last_success_ms", "last_failure_ms",
        "last_failure",
    ]
    private static let variableColumns = stateColumns + countColumns

    init(_ connection: Connection) throws(SQLiteError) {
        self.connection = connection
        let columns = Self.constantColumns + Self.variableColumns
        insert = try Statement(insertInto: "breakers", columns, on: connection)
        // Not the name: setting it would rewrite its index entry, even if it stays the same.
        updateAll = try Self.update(Self.variableColumns, on: connection)
        updateCounts = try Self.update(Self.countColumns, on: connection)
        deleteOne = try Statement("DELETE FROM breakers WHERE id = ?", on: connection)
        let lists = [
            columns.map { "b.\($0)" },
            PolicyTable.columns.map { "p.\($0)" },
            FailureTable.columns.map { "f.\($0)" },
            TransitionTable.columns.map { "t.\($0)" },
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
        let phase = breaker.phase.stored
        guard breaker.id <= revision else {
            insert.bind(breaker.id)
            insert.bind(breaker.name.value)
            insert.bind(breaker.createdAt)
            insert.bind(breaker.creator)
            bindState(of: breaker, phase, to: insert)
            bindCounts(of: stored, phase, to: insert)
            return try insert.run()
        }
        if isShifted || breaker.hasMoved(since: revision) {
            bindState(of: breaker, phase, to: updateAll)
            bindCounts(of: stored, phase, to: updateAll)
            try run(updateAll, of: breaker)
        } else {
            bindCounts(of: stored, phase, to: updateCounts)
            try run(updateCounts, of: breaker)
        }
    }

    private func run(_ update: Statement, of breaker: Breaker) throws(SQLiteError) {
        update.bind(breaker.id)
        try update.run()
        guard connection.changes == 1 else { throw .damaged("\(breaker.name) is missing") }
    }

    /// Binds ``stateColumns``.
    private func bindState(of breaker: Breaker, _ phase: Breaker.StoredPhase, to statement: Statement) {
        statement.bind(phase.state.rawValue)
        statement.bind(breaker.generation)
        statement.bind(breaker.since)
        statement.bind(phase.openUntil)
        statement.bind(LeaseText.text(of: phase.leases))
        statement.bind(Int64(phase.probeSuccesses))
        statement.bind(Int64(breaker.lostProbes))
        statement.bind(breaker.override)
        statement.bind(breaker.backOff.map { Int64($0.openings) })
        statement.bind(breaker.backOff?.lastOpenMs)
        statement.bind(breaker.lastTransition?.revision)
    }

    /// Binds ``countColumns``.
    private func bindCounts(of stored: StoredBreaker, _ phase: Breaker.StoredPhase, to statement: Statement) {
        statement.bind(Int64(phase.consecutiveFailures))
        statement.bind(phase.window)
        statement.bind(stored.breaker.failureRows)
        statement.bind(stored.lastSeenAt)
        statement.bind(phase.lastSuccessMs)
        statement.bind(phase.lastFailureMs)
        statement.bind(stored.breaker.lastFailure?.number)
    }

    private static func update(_ columns: [String], on connection: Connection) throws(SQLiteError) -> Statement {
        let updates = columns.map { "\($0) = ?" }.joined(separator: ", ")
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
        let id = row.integer()
        let name = try row.name()
        let createdAt = row.instant()
        let creator = row.textOrNull()
        var stored = Breaker.StoredPhase(try row.word())
        let generation = row.integer()
        let since = row.instant()
        stored.openUntil = row.instantOrNull()
        stored.leases = try LeaseText.leases(in: row.text())
        stored.probeSuccesses = try row.count()
        let lostProbes = try row.count()
        let override = try row.override()
        let backOff = try backOff(&row)
        row.skip(1)  // `last_transition`: the joined row has it
        stored.consecutiveFailures = try row.count()
        stored.window = row.bytes()
        let failureRows = row.integer()
        let lastSeenAt = row.instantOrNull()
        stored.lastSuccessMs = row.integer()
        stored.lastFailureMs = row.integer()
        row.skip(1)  // `last_failure`: the joined row has it
        let policy = try policies.read(&row, of: name)
        guard let phase = Breaker.Phase(stored, policy: policy.policy.value) else {
            throw .damaged("the window of \(name) is not readable")
        }
        let breaker = Breaker(
            name: name,
            id: id,
            createdAt: createdAt,
            creator: creator,
            policy: policy.policy,
            policySource: policy.source,
            policyRevision: policy.revision,
            policyActor: policy.actor,
            generation: generation,
            since: since,
            phase: phase,
            override: override,
            backOff: backOff,
            lostProbes: lostProbes,
            failureRows: failureRows,
            lastFailure: try FailureTable.failureOrNull(&row),
            lastTransition: try TransitionTable.transitionOrNull(&row),
            recentOpenings: try trips(of: id, lastWrite: lastWrite)
        )
        return StoredBreaker(breaker, lastSeenAt: lastSeenAt)
    }

    private func backOff(_ row: inout Row) throws(SQLiteError) -> Breaker.BackOff? {
        let openings = row.integerOrNull()
        let lastOpenMs = row.integerOrNull()
        guard let openings, let lastOpenMs else { return nil }
        guard let openings = UInt32(exactly: openings) else { throw .damaged("\(openings) is not a count") }
        return Breaker.BackOff(openings: openings, lastOpenMs: lastOpenMs)
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

// MARK: The columns of an override

extension Override {
    /// The columns of an override, which several tables have.
    static func columns(prefix: String = "") -> [String] {
        ["mode", "reason", "actor", "since_at", "expires_at"].map { "\(prefix)override_\($0)" }
    }
}

extension Statement {
    /// Binds the values of ``Override/columns(prefix:)``; NULL if there is no override.
    func bind(_ override: Override?) {
        bind(override?.mode.rawValue)
        bind(override?.reason)
        bind(override?.actor)
        bind(override?.since)
        bind(override?.expiresAt)
    }
}

extension Row {
    /// Reads ``Override/columns(prefix:)``; `nil` if there is no override.
    mutating func override() throws(SQLiteError) -> Override? {
        let mode: Override.Mode? = try wordOrNull()
        let reason = textOrNull()
        let actor = textOrNull()
        let since = instantOrNull()
        let expiresAt = instantOrNull()
        guard let mode else { return nil }
        guard let reason, let actor, let since else { throw .damaged("an override lacks its reason, actor or start") }
        return Override(mode: mode, reason: reason, actor: actor, since: since, expiresAt: expiresAt)
    }
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
