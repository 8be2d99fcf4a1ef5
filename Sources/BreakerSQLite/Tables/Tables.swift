/// All tables, with their prepared statements.
struct Tables {
    let server: ServerTable
    let breakers: BreakerTable
    let policies: PolicyTable
    let failures: FailureTable
    let transitions: TransitionTable
    let receipts: ReceiptTable
    let audit: AuditTable
    let changes: ChangeTable
    let calls: CallTable
    let sessions: SessionTable

    init(_ connection: Connection) throws(SQLiteError) {
        server = try ServerTable(connection)
        breakers = try BreakerTable(connection)
        policies = try PolicyTable(connection)
        failures = try FailureTable(connection)
        transitions = try TransitionTable(connection)
        receipts = try ReceiptTable(connection)
        audit = try AuditTable(connection)
        changes = try ChangeTable(connection)
        calls = try CallTable(connection)
        sessions = try SessionTable(connection)
    }
}
