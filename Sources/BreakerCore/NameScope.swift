/// The names of the breakers that a token may use: those that begin with one of some prefixes, and single names.
package struct NameScope: Hashable, Sendable, CustomStringConvertible {
    /// Plain strings. An empty one is a prefix of every name.
    private let prefixes: [String]
    private let names: Set<String>
    /// A prefix of every name in the scope.
    package let commonPrefix: String

    package static let all = NameScope(prefix: "")

    package struct Failure: Error, Hashable, Sendable {
        package var detail: String
    }

    /// The scope of all names that begin with `prefix`.
    package init(prefix: String) {
        self.init(prefixes: [prefix], names: [])
    }

    /// Reads a list such as `=payments,payments:`, in which `=` marks a single name.
    /// - Throws: ``Failure`` for the first word that is invalid.
    package init(_ text: String) throws(Failure) {
        var (prefixes, names): (Set<String>, Set<String>) = ([], [])
        for word in text.split(separator: ",", omittingEmptySubsequences: false).map(String.init) {
            let isSingle = word.hasPrefix(Self.single)
            guard let name = BreakerName(isSingle ? String(word.dropFirst()) : word) else {
                throw Failure(
                    detail: isSingle
                        ? "= must be followed by a breaker's name, not \(word.dropFirst())"
                        : "the prefix must be the beginning of a breaker's name, not \(word)"
                )
            }
            if isSingle { names.insert(name.value) } else { prefixes.insert(name.value) }
        }
        self.init(prefixes: prefixes.sorted(), names: names)
    }

    private init(prefixes: [String], names: Set<String>) {
        self.prefixes = prefixes
        self.names = names
        let all = prefixes + names
        commonPrefix = all.dropFirst().reduce(all[0]) { common, text in
            String(zip(common, text).prefix { $0 == $1 }.map { $0.0 })
        }
    }

    private static let single = "="

    /// The list that ``init(_:)`` reads; empty for all names.
    package var description: String {
        (names.sorted().map { Self.single + $0 } + prefixes).joined(separator: ",")
    }

    /// The scope as a part of a sentence.
    package var inWords: String {
        var parts: [String] = []
        if !prefixes.isEmpty { parts.append("names that begin with \(prefixes.joined(separator: " or "))") }
        if !names.isEmpty {
            parts.append("the name\(names.count == 1 ? "" : "s") \(names.sorted().joined(separator: ", "))")
        }
        return parts.joined(separator: " and ")
    }

    /// Whether ``commonPrefix`` alone decides which names are in the scope.
    package var isOnePrefix: Bool { names.isEmpty && prefixes.count == 1 }

    package func contains(_ name: BreakerName) -> Bool {
        prefixes.contains { name.value.hasPrefix($0) } || names.contains(name.value)
    }

    /// Whether every name that begins with `prefix` is in the scope.
    package func contains(prefix: String) -> Bool {
        prefixes.contains { prefix.hasPrefix($0) }
    }

    /// Whether every name from `first` to `last` is certainly in the scope. Every name between two names with a prefix
    /// has it too.
    package func containsAll(from first: BreakerName, to last: BreakerName) -> Bool {
        prefixes.contains { first.value.hasPrefix($0) && last.value.hasPrefix($0) }
    }
}
