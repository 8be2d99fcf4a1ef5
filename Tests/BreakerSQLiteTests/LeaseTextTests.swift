import BreakerCore
import Testing

@testable import BreakerSQLite

@Suite("Leases as a column")
struct LeaseTextTests {
    static let cases: [([Breaker.Lease], String)] = [
        ([], ""),
        ([.init(id: 0x1f3, until: Instant(milliseconds: 1_700_000_030_000))], "00000000000001f3@1700000030000"),
        (
            [.init(id: 0, until: Instant(milliseconds: -1)), .init(id: .max, until: .distantFuture)],
            "0000000000000000@-1 ffffffffffffffff@9223372036854775807"
        ),
    ]

    @Test("are read as they were written", arguments: cases)
    func roundTrip(leases: [Breaker.Lease], text: String) throws {
        #expect(LeaseText.text(of: leases) == text)
        #expect(try LeaseText.leases(in: text) == leases)
    }

    @Test("are damage where they are anything else", arguments: ["x", "1f3@5", "00000000000001f3", "@5", "a@b@c"])
    func damage(_ text: String) {
        #expect(throws: SQLiteError.self) { try LeaseText.leases(in: text) }
    }
}
