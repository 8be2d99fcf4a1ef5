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
            insertInto: "policies",
            ["breaker_id"] + Self.columns,
            "ON CONFLICT (breaker_id) DO UPDATE SET \(updates)",
            on: connection
        )
    }

    /// Stores the policy of `breaker`, unless it is already stored. Most events do not change the policy.
    /// - Parameter revision: the last stored revision. Each change of a policy takes a revision.
    func putIfChanged(_ breaker: Breaker, storedUpTo revision: Int64) throws(SQLiteError) {
        guard breaker.policyRevision > revision else { return }
        upsert.bind(breaker.id)
        for field in PolicyField.allCases {
            switch breaker.policy.given(field) {
            case .integer(let value): upsert.bind(value)
            case .decimal(let value): upsert.bind(value)
            case .null: upsert.bindNull()
            case .unsuitable(let what): preconditionFailure("a policy's \(field.rawValue) is \(what)")
            }
        }
        upsert.bind(breaker.policySource.description)
        upsert.bind(breaker.policyRevision)
        upsert.bind(breaker.policyActor)
        try upsert.run()
    }

    /// Reads the policies of consecutive rows. Most breakers have the same policy as the breaker before; such a policy
    /// is validated and allocated only once.
    struct Reading {
        private var values: [PolicyValue] = []
        private var policy: Shared<Policy>?

        /// Reads ``columns``.
        mutating func read(_ row: inout Row, of name: BreakerName) throws(SQLiteError) -> StoredPolicy {
            let policy = try sharedPolicy(&row, of: name)
            let text = row.text()
            guard let source = PolicySource(text) else { throw .damaged("'\(text)' is not a policy source") }
            return StoredPolicy(policy: policy, source: source, revision: row.integer(), actor: row.textOrNull())
        }

        private mutating func sharedPolicy(
            _ row: inout Row,
            of name: BreakerName
        ) throws(SQLiteError) -> Shared<Policy> {
            let values = PolicyField.allCases.map { PolicyTable.value(of: $0, &row) }
            if let policy, values == self.values { return policy }
            let shared = Shared(try Self.policy(values, of: name))
            (policy, self.values) = (shared, values)
            return shared
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
