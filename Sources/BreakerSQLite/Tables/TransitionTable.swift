import BreakerCore

/// The transitions of all breakers.
struct TransitionTable {
    private let insert: Statement
    private let countOf: Statement
    private let deleteOldest: Statement

    /// The columns, without the breaker's id.
    static let columns = ["revision", "actor", "at"] + commonColumns

    /// The columns that ``ChangeTable`` has too.
    static let commonColumns =
        [
            "from_state", "to_state", "cause", "is_trip", "detail", "observed", "threshold", "calls", "minimum_calls",
            "window_ms", "window_calls", "slow_call_ms", "failure_kind", "failure_reporter", "open_ms",
        ] + Override.columns(prefix: "evidence_")

    init(_ connection: Connection) throws(SQLiteError) {
        insert = try Statement(insertInto: "transitions", ["breaker_id"] + Self.columns, on: connection)
        countOf = try Statement("SELECT count(*) FROM transitions WHERE breaker_id = ?", on: connection)
        deleteOldest = try Statement(
            """
            DELETE FROM transitions
            WHERE revision IN (SELECT revision FROM transitions WHERE breaker_id = ? ORDER BY revision LIMIT ?)
            """,
            on: connection
        )
    }

    func insert(_ transition: Transition, ofBreaker id: Int64) throws(SQLiteError) {
        insert.bind(id)
        insert.bind(transition.revision)
        insert.bind(transition.actor)
        insert.bind(transition.at)
        insert.bind(transition)
        try insert.run()
    }

    /// Reads ``columns``; `nil` if the joined row is missing.
    static func transitionOrNull(_ row: inout Row) throws(SQLiteError) -> Transition? {
        guard let revision = row.integerOrNull() else {
            row.skip(Int32(columns.count) - 1)
            return nil
        }
        let actor = row.textOrNull()
        let instant = row.instant()
        return try row.transition(revision: revision, actor: actor, at: instant)
    }

    // MARK: Retention

    func count(ofBreaker id: Int64) throws(SQLiteError) -> Int {
        countOf.bind(id)
        return Int(try countOf.first { $0.integer() } ?? 0)
    }

    func deleteOldest(_ count: Int, ofBreaker id: Int64) throws(SQLiteError) {
        deleteOldest.bind(id)
        deleteOldest.bind(Int64(count))
        try deleteOldest.run()
    }
}

extension Statement {
    /// Binds the values of ``TransitionTable/commonColumns``; NULL if there is no transition.
    func bind(_ transition: Transition?) {
        guard let transition else {
            for _ in TransitionTable.commonColumns { bindNull() }
            return
        }
        bind(transition.from.rawValue)
        bind(transition.to.rawValue)
        bind(transition.cause.rawValue)
        bind(Int64(transition.isTrip ? 1 : 0))
        let evidence = transition.evidence
        bind(evidence.sentence ?? "")
        bind(evidence.observed)
        bind(evidence.threshold)
        bind(evidence.calls.map { Int64($0) })
        bind(evidence.minimumCalls.map { Int64($0) })
        bind(evidence.window)
        bind(evidence.slowCallMs)
        bind(evidence.failureKind)
        bind(evidence.failureReporter)
        bind(evidence.openMs)
        bind(evidence.override)
    }

    private func bind(_ window: Policy.Window?) {
        switch window {
        case .time(let ms)?:
            bind(ms)
            bindNull()
        case .calls(let calls)?:
            bindNull()
            bind(Int64(calls))
        case nil:
            bindNull()
            bindNull()
        }
    }
}

extension Row {
    /// Reads ``TransitionTable/commonColumns``.
    mutating func transition(revision: Int64, actor: String?, at instant: Instant) throws(SQLiteError) -> Transition {
        Transition(
            revision: revision,
            from: try word(),
            to: try word(),
            cause: try word(),
            isTrip: integer() != 0,
            evidence: try evidence(),
            actor: actor,
            at: instant
        )
    }

    private mutating func evidence() throws(SQLiteError) -> Evidence {
        var evidence = Evidence()
        let sentence = text()
        evidence.sentence = sentence.isEmpty ? nil : sentence
        evidence.observed = decimalOrNull()
        evidence.threshold = decimalOrNull()
        evidence.calls = integerOrNull().map { UInt32(clamping: $0) }
        evidence.minimumCalls = integerOrNull().map { Int($0) }
        let windowMs = integerOrNull()
        let windowCalls = integerOrNull()
        evidence.window =
            windowMs.map { Policy.Window.time(ms: $0) } ?? windowCalls.map { Policy.Window.calls(Int($0)) }
        evidence.slowCallMs = integerOrNull()
        evidence.failureKind = textOrNull()
        evidence.failureReporter = textOrNull()
        evidence.openMs = integerOrNull()
        evidence.override = try self.override()
        return evidence
    }
}
