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

    func contains(_ place: Int) -> Bool { marks[place] }

    mutating func insert(_ place: Int) {
        guard !marks[place] else { return }
        marks[place] = true
        places.append(place)
    }

    mutating func removeAll() {
        for place in places { marks[place] = false }
        places.removeAll(keepingCapacity: true)
    }

    /// Removes and returns the places that were inserted last, at most `limit`.
    mutating func removeLast(_ limit: Int) -> ArraySlice<Int> {
        let removed = places.suffix(limit)
        for place in removed { marks[place] = false }
        places.removeLast(removed.count)
        return removed
    }

    // MARK: Adding and removing places of the working copy

    mutating func appendPlace() {
        marks.append(false)
    }

    /// Removes `place` from the working copy's places. The last place moves to its index.
    mutating func swapRemovePlace(_ place: Int) {
        let last = marks.count - 1
        if marks[place] { places.removeAll { $0 == place } }
        if place != last, marks[last], let index = places.firstIndex(of: last) { places[index] = place }
        marks.swapAt(place, last)
        marks.removeLast()
    }
}
