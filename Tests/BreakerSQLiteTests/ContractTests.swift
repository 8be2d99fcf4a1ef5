import StoreContract
import Testing

@Suite("The SQLite store")
struct ContractTests {
    @Test("The SQLite store keeps the contract of every store", arguments: StoreContract<SQLitePlace>.clauses)
    func contract(_ clause: StoreContract<SQLitePlace>.Clause) throws {
        try clause.verify()
    }
}
