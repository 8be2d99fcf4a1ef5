package import BreakerCore

extension Engine {
    /// The names of breakers that `name` may be a typing error of, the most similar first.
    package func names(
        similarTo name: BreakerName,
        visible scope: NameScope
    ) async throws(EngineError) -> [BreakerName] {
        try await onListThread { [self] in
            var similar = SimilarNames(to: name)
            for piece in panelImage().pieces {
                for (name, _) in piece.breakers where scope.contains(name) { similar.consider(name) }
            }
            return similar.names
        }
    }
}

/// The names that differ from a given name in few characters.
struct SimilarNames {
    private static let most = 3
    /// Two characters that are swapped differ twice.
    private static let mostDifferences = 2

    private let wanted: [UInt8]
    private var found: [(name: BreakerName, differences: Int)] = []

    init(to name: BreakerName) {
        wanted = Array(name.value.utf8)
    }

    /// The most similar names, by similarity, then in order.
    var names: [BreakerName] { found.map(\.name) }

    mutating func consider(_ name: BreakerName) {
        let other = Array(name.value.utf8)
        // Most names are ruled out by their length.
        guard abs(other.count - wanted.count) <= Self.mostDifferences else { return }
        // A name of which every character differs is no typing error.
        let most = min(Self.mostDifferences, wanted.count - 1)
        guard let differences = Self.differences(wanted, other, atMost: most), differences > 0 else { return }
        found.append((name, differences))
        found.sort { ($0.differences, $0.name) < ($1.differences, $1.name) }
        found = Array(found.prefix(Self.most))
    }

    /// The number of characters to insert, delete or replace that make one text the other (Levenshtein distance).
    /// - Returns: `nil` if they are more than `most`. The comparison ends as soon as this is certain.
    static func differences(_ first: [UInt8], _ second: [UInt8], atMost most: Int) -> Int? {
        var row = Array(0...second.count)
        for (index, byte) in first.enumerated() {
            var diagonal = row[0]
            row[0] = index + 1
            for (column, other) in second.enumerated() {
                let replaced = diagonal + (byte == other ? 0 : 1)
                diagonal = row[column + 1]
                row[column + 1] = min(replaced, row[column] + 1, diagonal + 1)
            }
            // The numbers of the next rows are no smaller.
            guard row.contains(where: { $0 <= most }) else { return nil }
        }
        return row[second.count] <= most ? row[second.count] : nil
    }
}
