import TestSupport
import Testing

@testable import BreakerSQLite

@Suite("The shares of a table")
struct SharesTests {
    /// A model of a table: a plain list of rows.
    private struct Model {
        var rows: [(number: Int64, holder: Shares.Holder)] = []

        func count(_ holder: Shares.Holder) -> Int { rows.count { $0.holder == holder } }
    }

    private static let holders = ["a", "b", "c", "d", ""].map(Shares.Holder.init)

    @Test(
        "The shares equal those of a plain list of rows, also after rollbacks",
        arguments: 1...30 as ClosedRange<UInt64>
    )
    func model(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        var shares = Shares()
        var model = Model()
        var committed = model
        for step in 0..<1_000 {
            switch random.below(12) {
            case 0..<6:
                let number = (shares.newest ?? 0) + Int64(1 + random.below(3))
                let holder = random.pick(Self.holders)
                for number in number...(number + Int64(random.below(4))) {
                    shares.add(number, of: holder)
                    model.rows.append((number, holder))
                }
            case 6:
                // As when a breaker is deleted or an id is replaced.
                guard !model.rows.isEmpty else { continue }
                let row = model.rows.remove(at: random.below(model.rows.count))
                shares.remove(1, of: row.holder)
            case 7, 8:
                // As when the oldest rows of the largest share are evicted.
                guard let largest = shares.largest else { continue }
                let last = Int64.random(in: largest.oldest, using: &random)
                let gone = model.rows.filter { largest.oldest.lowerBound...last ~= $0.number }
                #expect(gone.allSatisfy { $0.holder == largest.holder }, "seed \(seed), step \(step)")
                model.rows.removeAll { largest.oldest.lowerBound...last ~= $0.number }
                shares.remove(gone.count, of: largest.holder, upTo: last)
            case 9:
                // As when the oldest rows of all are removed.
                let gone = model.rows.prefix(random.below(6))
                model.rows.removeFirst(gone.count)
                for row in gone { shares.remove(1, of: row.holder, upTo: row.number) }
            case 10:
                shares.keep()
                committed = model
            default:
                shares.rollBack()
                model = committed
            }
            check(shares, model, "seed \(seed), step \(step)")
        }
    }

    private func check(_ shares: Shares, _ model: Model, _ comment: Comment) {
        #expect(shares.rows == model.rows.count, comment)
        let most = Self.holders.map(model.count).max() ?? 0
        guard let largest = shares.largest else {
            #expect(most == 0, comment)
            return
        }
        #expect(largest.rows == most && model.count(largest.holder) == most, comment)
        let oldest = model.rows.first { $0.holder == largest.holder }
        #expect(oldest.map { largest.oldest.lowerBound <= $0.number } == true, comment)
    }

    @Test("A holder that is an address differs from a token of that text, and has no token")
    func addresses() {
        #expect(Shares.Holder("@10.0.0.1") == Shares.Holder("@10.0.0.1"))
        #expect(Shares.Holder("@10.0.0.1") != Shares.Holder("10.0.0.1"))
        #expect(Set((0..<5_000).map { Shares.Holder("@\($0)") }).count <= 1_024)
        #expect(Shares.Holder("@10.0.0.1").token == nil)
        #expect(Shares.Holder("").token == nil)
        #expect(Shares.Holder("checkout").token == "checkout")
    }
}
