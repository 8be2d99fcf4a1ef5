import BreakerText

/// A table of text: columns aligned, cut or broken to the width of a terminal.
struct TextTable {
    struct Column {
        var title: String
        var isNumber = false
        /// The least width to which the column may shrink; `nil` if it must not shrink.
        var least: Int?

        init(_ title: String, isNumber: Bool = false, least: Int? = nil) {
            self.title = title
            self.isNumber = isNumber
            self.least = least
        }
    }

    struct Cell: ExpressibleByStringInterpolation {
        var text: String
        var style = Style.plain
        /// Parts of the text that have their own styles.
        private var parts: [(text: String, style: Style)] = []

        init(_ text: String, _ style: Style = .plain) {
            self.text = text.printable
            self.style = style
        }

        init(_ parts: [(text: String, style: Style)]) {
            self.parts = parts.map { ($0.text.printable, $0.style) }
            text = self.parts.map(\.text).joined()
        }

        /// - Parameter text: the cell's text, or as much of it as fits.
        func painted(_ text: String, on screen: Screen) -> String {
            guard text == self.text, !parts.isEmpty else { return screen.paint(text, style) }
            return parts.map { screen.paint($0.text, $0.style) }.joined()
        }

        init(stringLiteral text: String) { self.init(text) }
    }

    var columns: [Column]
    var rows: [[Cell]] = []
    /// Whether a long text in the last column continues on the next line and is not cut.
    var wrapsLast = false

    private static let gap = "  "

    init(_ columns: [Column]) {
        self.columns = columns
    }

    /// The heading and the rows. Empty columns are left out.
    func lines(on screen: Screen) -> [String] {
        let used = columns.indices.filter { column in rows.contains { !$0[column].text.isEmpty } }
        let widths = widths(of: used, on: screen)
        let heading = columns.map { Cell($0.title, .faint) }
        return ([heading] + rows).flatMap { row in
            guard wrapsLast, let last = used.last, let width = widths.last else {
                return [line(row, used, widths, screen)]
            }
            let parts = row[last].text.columns > width ? row[last].text.wrapped(to: width) : [row[last].text]
            return parts.enumerated().map { number, part in
                var cells = number == 0 ? row : columns.map { _ in Cell("") }
                cells[last] = Cell(part, row[last].style)
                return line(cells, used, widths, screen)
            }
        }
    }

    private func line(_ row: [Cell], _ used: [Int], _ widths: [Int], _ screen: Screen) -> String {
        var line = ""
        for (index, (column, width)) in zip(used, widths).enumerated() where width > 0 {
            let text = row[column].text.cut(to: width)
            let space = String(repeating: " ", count: max(0, width - text.columns))
            let painted = row[column].painted(text, on: screen)
            if index > 0 { line += Self.gap }
            line += columns[column].isNumber ? space + painted : painted + space
        }
        return line.withoutSpacesAtEnd
    }

    /// The width of each column: that of its widest cell, or less if the screen is too narrow. The widest column that
    /// may shrink shrinks first.
    private func widths(of used: [Int], on screen: Screen) -> [Int] {
        var widths = used.map { column in
            rows.reduce(columns[column].title.columns) { max($0, $1[column].text.columns) }
        }
        guard let width = screen.width else { return widths }
        var excess = widths.reduce(0, +) + Self.gap.count * max(0, used.count - 1) - width
        while excess > 0 {
            let (willing, others) = (
                used.indices.filter { widths[$0] > columns[used[$0]].least ?? .max },
                // Dropping some columns is better than a broken table.
                used.indices.filter { widths[$0] > 1 }
            )
            let choice = willing.isEmpty ? others : willing
            guard let widest = choice.max(by: { widths[$0] < widths[$1] }) else { break }
            widths[widest] -= 1
            excess -= 1
        }
        return widths
    }
}

extension String {
    /// The width of the text in terminal columns.
    var columns: Int { reduce(0) { $0 + $1.columns } }

    /// The text cut to `width` columns, with an ellipsis if it was cut.
    func cut(to width: Int) -> String {
        guard columns > width else { return self }
        guard width > 0 else { return "" }
        var (text, room) = ("", width - 1)
        for character in self {
            guard character.columns <= room else { break }
            text.append(character)
            room -= character.columns
        }
        return text.withoutSpacesAtEnd + "…"
    }

    /// The text broken at spaces into lines of at most `width` columns. Only a word that is longer than a line is
    /// split.
    func wrapped(to width: Int?) -> [String] {
        guard let width, width > 1 else { return [self] }
        var (lines, room) = ([""], width)
        for word in split(separator: " ").flatMap({ String($0).pieces(of: width) }) {
            let length = word.columns
            if room == width {
                lines[lines.count - 1] = word
                room -= length
            } else if length + 1 <= room {
                lines[lines.count - 1] += " " + word
                room -= length + 1
            } else {
                lines.append(word)
                room = width - length
            }
        }
        return lines
    }

    private func pieces(of width: Int) -> [String] {
        var (pieces, room) = ([""], width)
        for character in self {
            if character.columns > room {
                pieces.append("")
                room = width
            }
            pieces[pieces.count - 1].append(character)
            room -= character.columns
        }
        return pieces
    }

    var withoutSpacesAtEnd: String {
        var text = self
        while text.last == " " { text.removeLast() }
        return text
    }
}

extension Character {
    /// Two for East Asian wide characters and emoji, otherwise one.
    fileprivate var columns: Int {
        guard let scalar = unicodeScalars.first else { return 0 }
        switch scalar.value {
        case 0x1100...0x115f, 0x2e80...0x303e, 0x3041...0xa4cf, 0xac00...0xd7a3, 0xf900...0xfaff, 0xfe30...0xfe6f,
            0xff00...0xff60, 0xffe0...0xffe6, 0x1f300...0x1faff, 0x20000...0x3fffd:
            return 2
        default:
            return scalar.properties.isEmojiPresentation ? 2 : 1
        }
    }
}
