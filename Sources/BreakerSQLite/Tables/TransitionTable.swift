import BreakerCore

/// The transitions of all breakers.
struct TransitionTable {
    private let insert: Statement
    private let countOf: Statement
    private let deleteOldest: Statement

    /// The columns, without the breaker's id.
    static let columns =
        Columns<Transition>([
            Column("revision", { $0.revision }, { $0.revision = $1 }),
            Column("actor", { $0.actor }, { $0.actor = $1 }),
            Column("at", { $0.at }, { $0.at = $1 }),
        ]) + commonColumns

    /// The columns that ``ChangeTable`` has too.
    static let commonColumns = Columns<Transition>([
        Column("from_state", { $0.from }, { $0.from = $1 }),
        Column("to_state", { $0.to }, { $0.to = $1 }),
        Column("cause", { $0.cause }, { $0.cause = $1 }),
        Column("is_trip", { $0.isTrip }, { $0.isTrip = $1 }),
        Column(evidenceColumns, { $0.evidence }, { $0.evidence = $1 }),
    ])

    private static let evidenceColumns = Columns<Evidence>([
        Column("detail", { $0.storedSentence }, { $0.storedSentence = $1 }),
        Column("observed", { $0.observed }, { $0.observed = $1 }),
        Column("threshold", { $0.threshold }, { $0.threshold = $1 }),
        Column("calls", { $0.calls }, { $0.calls = $1 }),
        Column("minimum_calls", { $0.minimumCalls }, { $0.minimumCalls = $1 }),
        Column("window_ms", { $0.windowMs }, { $0.windowMs = $1 }),
        Column("window_calls", { $0.windowCalls }, { $0.windowCalls = $1 }),
        Column("slow_call_ms", { $0.slowCallMs }, { $0.slowCallMs = $1 }),
        Column("failure_kind", { $0.failureKind }, { $0.failureKind = $1 }),
        Column("failure_reporter", { $0.failureReporter }, { $0.failureReporter = $1 }),
        Column("open_ms", { $0.openMs }, { $0.openMs = $1 }),
        Column(Override.columns(prefix: "evidence_"), { $0.override }, { $0.override = $1 }, blank: .blank),
    ])

    /// A transition into which a row is read.
    static let blank = Transition(
        revision: 0,
        from: .closed,
        to: .closed,
        cause: .reset,
        isTrip: false,
        evidence: Evidence(),
        actor: nil,
        at: .zero
    )

    init(_ connection: Connection) throws(SQLiteError) {
        insert = try Statement(insertInto: "transitions", ["breaker_id"] + Self.columns.names, on: connection)
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
        Self.columns.bind(transition, to: insert)
        try insert.run()
    }

    /// Reads ``columns``; `nil` if the joined row is missing.
    static func transitionOrNull(_ row: inout Row) throws(SQLiteError) -> Transition? {
        try columns.readOrNull(&row, into: blank)
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

extension Evidence {
    /// ``sentence``; empty if there is none.
    fileprivate var storedSentence: String {
        get { sentence ?? "" }
        set { sentence = newValue.isEmpty ? nil : newValue }
    }

    /// The length of ``window`` in milliseconds; `nil` if it is not one of time.
    fileprivate var windowMs: Int64? {
        get { if case .time(let ms)? = window { ms } else { nil } }
        set { if let newValue { window = .time(ms: newValue) } }
    }

    /// The length of ``window`` in calls; `nil` if it is not one of the last calls.
    fileprivate var windowCalls: Int? {
        get { if case .calls(let calls)? = window { calls } else { nil } }
        set { if let newValue { window = .calls(newValue) } }
    }
}
