/// A set of places in the working copy, each once, in the order in which they came in: an array, and a mark for each
/// place that there is.
struct PlaceSet {
    private(set) var places: [Int] = []
    private var marks: [Bool]

    /// - Parameter count: how many places there are.
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

    /// Takes out those that came in last, `limit` at most.
    mutating func removeLast(_ limit: Int) -> ArraySlice<Int> {
        let removed = places.suffix(limit)
        for place in removed { marks[place] = false }
        places.removeLast(removed.count)
        return removed
    }

    // MARK: Places that come and go

    mutating func appendPlace() {
        marks.append(false)
    }

    /// The last place takes the number of `place`, which is gone.
    mutating func swapRemovePlace(_ place: Int) {
        let last = marks.count - 1
        if marks[place] { places.removeAll { $0 == place } }
        if place != last, marks[last], let index = places.firstIndex(of: last) { places[index] = place }
        marks.swapAt(place, last)
        marks.removeLast()
    }
}
