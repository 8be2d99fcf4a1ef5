import Testing

@testable import fusebox

@Suite struct TextTableTests {
    private func table(_ rows: [[TextTable.Cell]], wraps: Bool = false) -> TextTable {
        var table = TextTable([.init("NAME", least: 6), .init("N", isNumber: true), .init("WHY", least: 5)])
        table.rows = rows
        table.wrapsLast = wraps
        return table
    }

    @Test("A table in a pipe has whole cells, and no spaces at the ends of its lines")
    func plain() {
        let lines = table([["payments", "3", "it is late"], ["web", "12", ""]]).lines(on: .plain)
        #expect(lines == ["NAME       N  WHY", "payments   3  it is late", "web       12"])
    }

    @Test("On a narrow screen the widest shrinkable column shrinks first, and no line is longer than the screen")
    func narrow() {
        for width in 7...40 {
            let lines = table([["payments:charge", "3", "not reported"]]).lines(on: Screen(width: width))
            #expect(lines.allSatisfy { $0.columns <= width }, "\(width): \(lines)")
        }
        let lines = table([["payments:charge", "3", "not reported"]]).lines(on: Screen(width: 28))
        #expect(lines[1] == "payments:c…  3  not reported")
    }

    @Test("A wrapped last column loses no text, even within one long word")
    func wrapped() {
        let long = String(repeating: "x", count: 25)
        let lines = table([["web", "3", "not reported yet"], ["mail", "4", .init(long)]], wraps: true)
            .lines(on: Screen(width: 21))
        #expect(
            lines == [
                "NAME  N  WHY", "web   3  not reported", "         yet", "mail  4  xxxxxxxxxxxx",
                "         xxxxxxxxxxxx",
                "         x",
            ]
        )
    }

    @Test("A wide character takes two columns, and a combining one none")
    func wide() {
        #expect("支払い".columns == 6)
        #expect("支払い".cut(to: 5) == "支払…")
        #expect("支払い".wrapped(to: 4) == ["支払", "い"])
        #expect("e\u{301}te\u{301}".columns == 3)
    }

    @Test(
        "Control characters in a cell are replaced",
        arguments: [
            ("\u{1b}[31mred\u{1b}[0m", "\u{fffd}[31mred\u{fffd}[0m"), ("two\r\nlines\tmore", "two  lines more"),
            ("naïve 支払い 🎉", "naïve 支払い 🎉"),
        ]
    )
    func printable(text: String, shown: String) {
        let line = table([[.init(text), "1", .init(text)]]).lines(on: .plain)[1]
        #expect(line.hasPrefix(shown) && line.hasSuffix("  1  \(shown)"))
    }
}
