import BreakerCore
import BreakerStorage

/// The policies, one row for each breaker.
struct PolicyTable {
    private let upsert: Statement

    /// The columns, without the breaker's id: one for each field, then the source, the revision and the actor.
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

    /// Stores the policy of `snapshot`, unless it is already stored. Most events do not change the policy.
    /// - Parameter revision: the last stored revision. Each change of a policy takes a revision.
    func putIfChanged(_ snapshot: Breaker.Snapshot, storedUpTo revision: Int64) throws(SQLiteError) {
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

    /// Reads the policies of consecutive rows. Most breakers have the same policy as the breaker before; such a policy
    /// is validated and allocated only once.
    struct Reading {
        private var values: [PolicyValue] = []
        private var policy: Shared<Policy>?

        /// Reads ``columns``.
        mutating func read(_ row: inout Row, into snapshot: inout Breaker.Snapshot) throws(SQLiteError) {
            let values = PolicyField.allCases.map { PolicyTable.value(of: $0, &row) }
            if let policy, values == self.values {
                snapshot.sharedPolicy = policy
            } else {
                snapshot.sharedPolicy = Shared(try Self.policy(values, of: snapshot.name))
                (policy, self.values) = (snapshot.sharedPolicy, values)
            }
            let source = row.text()
            guard let policySource = PolicySource(source) else {
                throw .damaged("'\(source)' is not a policy source")
            }
            snapshot.policySource = policySource
            snapshot.policyRevision = row.integer()
            snapshot.policyActor = row.textOrNull()
        }

        private static func policy(_ values: [PolicyValue], of name: BreakerName) throws(SQLiteError) -> Policy {
            let fields = PolicyField.allCases.map(\.rawValue)
            do throws(PolicyError) {
                return try Policy().applying(PolicyDocument(uniqueKeysWithValues: zip(fields, values)))
            } catch {
                throw .damaged("the policy of \(name) is invalid: \(error.faults)")
            }
        }
    }

    private static func value(of field: PolicyField, _ row: inout Row) -> PolicyValue {
        switch field.range {
        case .integer: row.integerOrNull().map(PolicyValue.integer) ?? .null
        case .rate, .factor: row.decimalOrNull().map(PolicyValue.decimal) ?? .null
        }
    }
}
