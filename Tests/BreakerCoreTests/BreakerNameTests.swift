import BreakerCore
import Testing

@Suite("A breaker's name")
struct BreakerNameTests {
    @Test(
        "is taken as it is",
        arguments: [
            "a", "Z", "0", "payments", "payments:charge", "a.b_c:d-e", "9-", "a:", String(repeating: "x", count: 128),
        ]
    )
    func valid(text: String) {
        #expect(BreakerName(text)?.value == text)
        #expect(BreakerName(text)?.description == text)
    }

    @Test(
        "is refused where it is empty, too long, begins otherwise or has another character",
        arguments: [
            "", String(repeating: "x", count: 129), ".a", "_a", ":a", "-a", " a", "a b", "a/b", "a*", "a?", "a\n",
            "a\0",
            "é", "aé", "a\u{301}", "１", "a%20",
        ]
    )
    func invalid(text: String) {
        #expect(BreakerName(text) == nil)
    }

    @Test("may have each of its characters, and no other ASCII character, behind the first", arguments: UInt8(0)...127)
    func bytes(byte: UInt8) {
        let character = Character(UnicodeScalar(byte))
        let alphanumeric = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
        #expect((BreakerName("a\(character)") != nil) == (alphanumeric + "._:-").contains(character))
        #expect((BreakerName("\(character)a") != nil) == alphanumeric.contains(character))
    }

    @Test("is case-sensitive and ordered by bytes")
    func order() {
        let names = ["a", "a_", "a:", "a.", "a-", "aa", "aA", "B", "b", "10", "9"]
        let ordered = names.compactMap { BreakerName($0) }.sorted().map(\.value)
        #expect(ordered == names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) })
        #expect(BreakerName("a") != BreakerName("A"))
    }
}
