import BreakerCore
import BreakerStorage

/// Policies, a row for each breaker.
struct PolicyTable {
    private let upsert: Statement

    /// Without the breaker's id: one for each field, then where the policy came from.
    static let columns = PolicyField.allCases.map(\.rawValue) + ["source", "revision", "actor"]

    init(_ connection: Connection) throws(SQLiteError) {
        let updates = Self.columns.map { "\($0) = excluded.\($0)" }.joined(separator: ", ")
        upsert = try Statement(
            """
            INSERT INTO policies (breaker_id, \(Self.columns.joined(separator: ", ")))
            VALUES (?, \(Self.columns.map { _ in "?" }.joined(separator: ", ")))
            ON CONFLICT (breaker_id) DO UPDATE SET \(updates)
            """,
            on: connection
        )
    }

    /// Stores the policy of `snapshot` unless it is the one that is stored: most events touch none.
    /// - Parameter revision: the last that is stored; each change of a policy takes one.
    func putIfChanged(_ snapshot: Breaker.Snapshot, behind revision: Int64) throws(SQLiteError) {
        guard snapshot.policyRevision > revision else { return }
        upsert.bind(snapshot.id)
        for field in PolicyField.allCases {
            switch snapshot.policy.given(field) {
            case .integer(let value): upsert.bind(value)
            case .decimal(let value): upsert.bind(value)
            case .null: upsert.bindNull()
            case .unsuitable(let what): preconditionFailure("a policy's \(field.rawValue) is \(what)")
            }
        }
        upsert.bind(snapshot.policySource.description)
        upsert.bind(snapshot.policyRevision)
        upsert.bind(snapshot.policyActor)
        try upsert.run()
    }

    /// Reads ``columns``.
    static func read(_ row: inout Row, into snapshot: inout Breaker.Snapshot) throws(SQLiteError) {
        var document: PolicyDocument = [:]
        for field in PolicyField.allCases {
            document[field.rawValue] = value(of: field, &row)
        }
        do throws(PolicyError) {
            snapshot.policy = try Policy().applying(document)
        } catch {
            throw .damaged("the policy of \(snapshot.name): \(error.faults)")
        }
        let source = row.text()
        guard let policySource = PolicySource(source) else { throw .damaged("'\(source)' is no source of a policy") }
        snapshot.policySource = policySource
        snapshot.policyRevision = row.integer()
        snapshot.policyActor = row.textOrNull()
    }

    private static func value(of field: PolicyField, _ row: inout Row) -> PolicyValue {
        switch field.range {
        case .integer: row.integerOrNull().map(PolicyValue.integer) ?? .null
        case .rate, .factor: row.decimalOrNull().map(PolicyValue.decimal) ?? .null
        }
    }
}
