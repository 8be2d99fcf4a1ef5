extension TokenFile {
    /// Whether the text has only comments and empty lines.
    package static func isEmpty(_ text: String) -> Bool {
        lines(of: text).allSatisfy { name(in: $0) == nil }
    }

    /// The text without the lines of a name, and how many these are. All other lines stay byte for byte.
    ///
    /// - Parameter keepsLast: whether the last line of the name stays, too.
    package static func removeLines(
        of name: String,
        from text: String,
        keepsLast: Bool
    ) -> (text: String, count: Int) {
        let lines = lines(of: text)
        let own = lines.indices.filter { self.name(in: lines[$0]) == name }
        let removed = Set(own.dropLast(keepsLast ? 1 : 0))
        var rest = ""
        for index in lines.indices where !removed.contains(index) {
            let end = index + 1 < lines.count ? lines[index + 1].startIndex : text.endIndex
            rest += text[lines[index].startIndex..<end]
        }
        return (rest, removed.count)
    }

    private static func lines(of text: String) -> [Substring] {
        text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
    }

    /// The name of the token of a line; `nil` for a line without a token.
    private static func name(in line: Substring) -> String? {
        line.prefix { $0 != "#" }.split(whereSeparator: \.isWhitespace).first.map(String.init)
    }
}
