/// A set of indices of breakers in the working copy, in insertion order.
///
/// It is stored as an array of its members, and a mark for each breaker of the working copy.
struct BreakerIndexSet {
    private(set) var indices: [Int] = []
    private var marks: [Bool]

    /// - Parameter count: how many breakers the working copy has.
    init(count: Int) {
        marks = Array(repeating: false, count: count)
    }

    var isEmpty: Bool { indices.isEmpty }

    var count: Int { indices.count }

    func contains(_ index: Int) -> Bool { marks[index] }

    mutating func insert(_ index: Int) {
        guard !marks[index] else { return }
        marks[index] = true
        indices.append(index)
    }

    mutating func removeAll() {
        for index in indices { marks[index] = false }
        indices.removeAll(keepingCapacity: true)
    }

    /// Removes and returns the indices that were inserted last, at most `limit`.
    mutating func removeLast(_ limit: Int) -> ArraySlice<Int> {
        let removed = indices.suffix(limit)
        for index in removed { marks[index] = false }
        indices.removeLast(removed.count)
        return removed
    }

    // MARK: Adding and removing breakers of the working copy

    mutating func appendIndex() {
        marks.append(false)
    }

    /// Removes the breaker at `index` of the working copy. The last breaker moves to this index.
    mutating func swapRemoveIndex(_ index: Int) {
        let last = marks.count - 1
        if marks[index] { indices.removeAll { $0 == index } }
        if index != last, marks[last], let position = indices.firstIndex(of: last) { indices[position] = index }
        marks.swapAt(index, last)
        marks.removeLast()
    }
}
