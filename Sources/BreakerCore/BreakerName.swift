/// The name of a breaker: 1 to 128 characters of `A-Z a-z 0-9 . _ : -`, starting with a letter or digit.
/// Case-sensitive; ordered by bytes.
package struct BreakerName: Hashable, Comparable, Sendable, CustomStringConvertible {
    package static let maximumLength = 128

    package let value: String

    /// - Returns: `nil` if `value` is not a valid name.
    package init?(_ value: String) {
        let bytes = value.utf8
        guard let first = bytes.first, Self.isAlphanumeric(first) else { return nil }
        guard bytes.count <= Self.maximumLength, bytes.allSatisfy(Self.isNameByte) else { return nil }
        self.value = value
    }

    package var description: String { value }

    package static func < (left: BreakerName, right: BreakerName) -> Bool {
        left.value < right.value
    }

    /// Whether `byte` is allowed in a name after the first character.
    package static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: ":"), UInt8(ascii: "-"): true
        default: isAlphanumeric(byte)
        }
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: false
        }
    }
}

/// A pattern for names: `*` matches any characters, `?` exactly one, and every other character itself.
package struct NamePattern: Hashable, Sendable {
    package let text: String

    /// - Returns: `nil` if `text` is empty, is longer than a name, or has a character that is not allowed in a name and
    ///   is not a wildcard.
    package init?(_ text: String) {
        guard !text.isEmpty, text.utf8.count <= BreakerName.maximumLength,
            text.utf8.allSatisfy({ BreakerName.isNameByte($0) || Self.isWildcard($0) })
        else { return nil }
        self.text = text
    }

    /// Whether the whole of `name` matches the pattern.
    ///
    /// The match is greedy and backtracks only to the last `*`. Its time is never exponential.
    package func matches(_ name: BreakerName) -> Bool {
        let pattern = Array(text.utf8)
        let name = Array(name.value.utf8)
        var (at, position) = (0, 0)
        var star: (pattern: Int, name: Int)?
        while position < name.count {
            if at < pattern.count, pattern[at] == Self.any {
                star = (at, position)
                at += 1
            } else if at < pattern.count, pattern[at] == Self.one || pattern[at] == name[position] {
                at += 1
                position += 1
            } else if let last = star {
                star = (last.pattern, last.name + 1)
                at = last.pattern + 1
                position = last.name + 1
            } else {
                return false
            }
        }
        return pattern[at...].allSatisfy { $0 == Self.any }
    }

    /// Whether this pattern is more specific than `other`: it has more literal characters; if equal, fewer `*`; if
    /// equal, it is first in byte order.
    package func isMoreSpecific(than other: NamePattern) -> Bool {
        let (own, others) = (count { !Self.isWildcard($0) }, other.count { !Self.isWildcard($0) })
        if own != others { return own > others }
        let (ownStars, otherStars) = (count { $0 == Self.any }, other.count { $0 == Self.any })
        if ownStars != otherStars { return ownStars < otherStars }
        return text < other.text
    }

    private func count(where condition: (UInt8) -> Bool) -> Int {
        text.utf8.reduce(0) { condition($1) ? $0 + 1 : $0 }
    }

    private static let any = UInt8(ascii: "*")
    private static let one = UInt8(ascii: "?")

    private static func isWildcard(_ byte: UInt8) -> Bool { byte == any || byte == one }
}

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
