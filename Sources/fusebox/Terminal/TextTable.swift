/// A table of text: columns aligned, cut to the width of a terminal.
struct TextTable {
    struct Column {
        var title: String
        var isNumber = false
        /// To how many columns it may shrink; `nil` where it must stay whole.
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

        init(_ text: String, _ style: Style = .plain) {
            self.text = text.printable
            self.style = style
        }

        init(stringLiteral text: String) { self.init(text) }
    }

    var columns: [Column]
    var rows: [[Cell]] = []

    private static let gap = "  "

    init(_ columns: [Column]) {
        self.columns = columns
    }

    /// The heading and the rows, a line each. A column in which nothing stands is left out.
    func lines(on screen: Screen) -> [String] {
        let used = columns.indices.filter { column in rows.contains { !$0[column].text.isEmpty } }
        let widths = widths(of: used, on: screen)
        let heading = columns.map { Cell($0.title, .faint) }
        return ([heading] + rows).map { row in
            var line = ""
            for (place, (column, width)) in zip(used, widths).enumerated() where width > 0 {
                let isLast = place == used.count - 1
                let text = row[column].text.cut(to: width)
                let padded = text.padded(to: width, atStart: columns[column].isNumber)
                if place > 0 { line += Self.gap }
                line += screen.paint(isLast && !columns[column].isNumber ? text : padded, row[column].style)
            }
            return screen.hasColors ? line : line.withoutSpacesAtEnd
        }
    }

    /// As wide as its widest cell, or less where the screen is too narrow: the last column that may shrink does so first.
    private func widths(of used: [Int], on screen: Screen) -> [Int] {
        var widths = used.map { column in
            rows.reduce(columns[column].title.columns) { max($0, $1[column].text.columns) }
        }
        guard let width = screen.width else { return widths }
        var excess = widths.reduce(0, +) + Self.gap.count * max(0, used.count - 1) - width
        for place in used.indices.reversed() {
            guard excess > 0, let least = columns[used[place]].least else { continue }
            let shrunk = max(min(least, widths[place]), widths[place] - excess)
            excess -= widths[place] - shrunk
            widths[place] = shrunk
        }
        return widths
    }
}
