import BreakerCore
import Testing

@testable import BreakerSQLite

@Suite("The column of leases")
struct LeaseTextTests {
    static let cases: [([Breaker.Lease], String)] = [
        ([], ""),
        ([.init(id: 0x1f3, until: Instant(milliseconds: 1_700_000_030_000))], "00000000000001f3@1700000030000"),
        (
            [.init(id: 0, until: Instant(milliseconds: -1)), .init(id: .max, until: .distantFuture)],
            "0000000000000000@-1 ffffffffffffffff@9223372036854775807"
        ),
    ]

    @Test("Leases equal those parsed from their text", arguments: cases)
    func roundTrip(leases: [Breaker.Lease], text: String) throws {
        #expect(LeaseText.text(of: leases) == text)
        #expect(try LeaseText.leases(in: text) == leases)
    }

    @Test("A malformed text of leases is an error", arguments: ["x", "1f3@5", "00000000000001f3", "@5", "a@b@c"])
    func damage(_ text: String) {
        #expect(throws: SQLiteError.self) { try LeaseText.leases(in: text) }
    }
}
