import StoreContract
import Testing

@Suite("The SQLite store")
struct ContractTests {
    @Test("The SQLite store keeps the contract of every store", arguments: StoreContract<SQLiteLocation>.clauses)
    func contract(_ clause: StoreContract<SQLiteLocation>.Clause) throws {
        try clause.verify()
    }
}
