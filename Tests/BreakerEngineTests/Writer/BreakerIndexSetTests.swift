import TestSupport
import Testing

@testable import BreakerEngine

@Suite("The set of indices that a batch touched")
struct BreakerIndexSetTests {
    @Test("An index is in the set once, in the order of insertion, until all are removed")
    func order() {
        var set = BreakerIndexSet(count: 3)
        for index in [2, 0, 2, 0] { set.insert(index) }
        #expect(set.indices == [2, 0])
        #expect([0, 1, 2].map(set.contains) == [true, false, true])
        set.removeAll()
        #expect(set.isEmpty)
        #expect([0, 1, 2].map(set.contains) == [false, false, false])
    }

    @Test("The set removes as many indices from its end as asked for", arguments: 0...4)
    func taken(limit: Int) {
        var set = BreakerIndexSet(count: 3)
        for index in [2, 0, 1] { set.insert(index) }
        #expect(Array(set.removeLast(limit)) == Array([2, 0, 1].suffix(limit)))
        #expect(set.indices == Array([2, 0, 1].dropLast(limit)))
        for index in [2, 0, 1] { #expect(set.contains(index) == set.indices.contains(index)) }
    }

    @Test(
        "An index in the set follows its breaker when breakers are added and removed",
        arguments: 0..<100 as Range<UInt64>
    )
    func follows(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        var (set, residents, touched) = (BreakerIndexSet(count: 0), [Int](), Set<Int>())
        for step in 0..<300 {
            switch random.below(residents.isEmpty ? 1 : 4) {
            case 0:
                residents.append(step)
                set.appendIndex()
            case 1:
                let index = random.below(residents.count)
                touched.remove(residents[index])
                residents.swapAt(index, residents.count - 1)
                residents.removeLast()
                set.swapRemoveIndex(index)
            case 2 where random.below(20) == 0:
                touched = []
                set.removeAll()
            default:
                let index = random.below(residents.count)
                touched.insert(residents[index])
                set.insert(index)
            }
            #expect(Set(set.indices.map { residents[$0] }) == touched, "seed \(seed)")
            #expect(set.indices.count == touched.count, "seed \(seed)")
            #expect(residents.indices.allSatisfy { set.contains($0) == touched.contains(residents[$0]) })
        }
    }
}
