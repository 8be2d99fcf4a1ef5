/// Counts of values by a few fixed bounds.
package struct Histogram: Hashable, Sendable {
    /// Ascending; a value counts for the first bound that it does not exceed.
    package let bounds: [Double]
    /// One count for each bound, and one for values that exceed all bounds. Not cumulative.
    package private(set) var counts: [UInt64]
    package private(set) var sum = 0.0

    package init(bounds: [Double]) {
        precondition(zip(bounds, bounds.dropFirst()).allSatisfy(<), "the bounds \(bounds) do not ascend")
        self.bounds = bounds
        counts = Array(repeating: 0, count: bounds.count + 1)
    }

    package mutating func observe(_ value: Double) {
        counts[bounds.firstIndex { value <= $0 } ?? bounds.count] += 1
        sum += value
    }
}
