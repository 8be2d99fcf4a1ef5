import TestSupport
import Testing

@testable import BreakerEngine

@Suite("The set of places that a batch touched")
struct PlaceSetTests {
    @Test("A place is in the set once, in the order of insertion, until all are removed")
    func order() {
        var set = PlaceSet(count: 3)
        for place in [2, 0, 2, 0] { set.insert(place) }
        #expect(set.places == [2, 0])
        #expect([0, 1, 2].map(set.contains) == [true, false, true])
        set.removeAll()
        #expect(set.isEmpty)
        #expect([0, 1, 2].map(set.contains) == [false, false, false])
    }

    @Test("The set removes as many places from its end as asked for", arguments: 0...4)
    func taken(limit: Int) {
        var set = PlaceSet(count: 3)
        for place in [2, 0, 1] { set.insert(place) }
        #expect(Array(set.removeLast(limit)) == Array([2, 0, 1].suffix(limit)))
        #expect(set.places == Array([2, 0, 1].dropLast(limit)))
        for place in [2, 0, 1] { #expect(set.contains(place) == set.places.contains(place)) }
    }

    @Test(
        "A place in the set follows its resident when places are added and removed",
        arguments: 0..<100 as Range<UInt64>
    )
    func follows(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        var (set, residents, touched) = (PlaceSet(count: 0), [Int](), Set<Int>())
        for step in 0..<300 {
            switch random.below(residents.isEmpty ? 1 : 4) {
            case 0:
                residents.append(step)
                set.appendPlace()
            case 1:
                let place = random.below(residents.count)
                touched.remove(residents[place])
                residents.swapAt(place, residents.count - 1)
                residents.removeLast()
                set.swapRemovePlace(place)
            case 2 where random.below(20) == 0:
                touched = []
                set.removeAll()
            default:
                let place = random.below(residents.count)
                touched.insert(residents[place])
                set.insert(place)
            }
            #expect(Set(set.places.map { residents[$0] }) == touched, "seed \(seed)")
            #expect(set.places.count == touched.count, "seed \(seed)")
            #expect(residents.indices.allSatisfy { set.contains($0) == touched.contains(residents[$0]) })
        }
    }
}
