import BreakerText
import Testing

@Suite("Texts from other parties")
struct PrintableTextTests {
    @Test(
        "A printable text cannot start another line, control a terminal or change the writing direction",
        arguments: [
            ("\u{1b}[31mred\u{1b}[0m", "\u{fffd}[31mred\u{fffd}[0m"), ("a\u{9b}2Jb", "a\u{fffd}2Jb"),
            ("\u{202e}evil", "\u{fffd}evil"), ("two\r\nlines\tmore", "two  lines more"),
            ("\u{7f}\u{8}", "\u{fffd}\u{fffd}"),
            ("\u{2028}", "\u{fffd}"), ("naïve 支払い 🎉", "naïve 支払い 🎉"),
        ]
    )
    func printable(text: String, shown: String) {
        #expect(text.printable == shown)
    }
}
