/// A set of places in insertion order. A place is the index of a breaker in the working copy.
///
/// It is stored as an array of its members, and a mark for each place of the working copy.
struct PlaceSet {
    private(set) var places: [Int] = []
    private var marks: [Bool]

    /// - Parameter count: how many places the working copy has.
    init(count: Int) {
        marks = Array(repeating: false, count: count)
    }

    var isEmpty: Bool { places.isEmpty }

    func contains(_ index: Int) -> Bool { marks[index] }

    mutating func insert(_ index: Int) {
        guard !marks[index] else { return }
        marks[index] = true
        places.append(index)
    }

    mutating func removeAll() {
        for index in places { marks[index] = false }
        places.removeAll(keepingCapacity: true)
    }

    /// Removes and returns the places that were inserted last, at most `limit`.
    mutating func removeLast(_ limit: Int) -> ArraySlice<Int> {
        let removed = places.suffix(limit)
        for index in removed { marks[index] = false }
        places.removeLast(removed.count)
        return removed
    }

    // MARK: Adding and removing places of the working copy

    mutating func appendPlace() {
        marks.append(false)
    }

    /// Removes the place `index` of the working copy. The last place moves to this index.
    mutating func swapRemovePlace(_ index: Int) {
        let last = marks.count - 1
        if marks[index] { places.removeAll { $0 == index } }
        if index != last, marks[last], let position = places.firstIndex(of: last) { places[position] = index }
        marks.swapAt(index, last)
        marks.removeLast()
    }
}
