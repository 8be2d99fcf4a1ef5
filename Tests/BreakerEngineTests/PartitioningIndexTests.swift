import Testing

@testable import BreakerEngine

@Suite("The binary search")
struct PartitioningIndexTests {
    @Test("The index is the first at which the condition holds, or the end", arguments: 0...33)
    func first(count: Int) {
        // The indices of a slice do not begin at 0.
        let elements = Array(-7..<count)[7...]
        for bound in 0...count {
            #expect(elements.partitioningIndex { $0 >= bound } == 7 + bound, "\(bound) of \(count)")
        }
    }
}
