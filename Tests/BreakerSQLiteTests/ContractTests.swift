import StoreContract
import Testing

@Suite("A store in SQLite")
struct ContractTests {
    @Test("keeps the contract of every store", arguments: StoreContract<SQLitePlace>.clauses)
    func contract(_ clause: StoreContract<SQLitePlace>.Clause) throws {
        try clause.verify()
    }
}
