import BreakerCore
import Testing

@Suite("Names of breakers")
struct BreakerNameTests {
    @Test(
        "A valid breaker name is kept as it is",
        arguments: [
            "a", "Z", "0", "payments", "payments:charge", "a.b_c:d-e", "9-", "a:", String(repeating: "x", count: 128),
        ]
    )
    func valid(text: String) {
        #expect(BreakerName(text)?.value == text)
        #expect(BreakerName(text)?.description == text)
    }

    @Test(
        "A breaker name that is empty, too long or has an invalid character is refused",
        arguments: [
            "", String(repeating: "x", count: 129), ".a", "_a", ":a", "-a", " a", "a b", "a/b", "a*", "a?", "a\n",
            "a\0",
            "é", "aé", "a\u{301}", "１", "a%20",
        ]
    )
    func invalid(text: String) {
        #expect(BreakerName(text) == nil)
    }

    @Test(
        "A breaker name starts with a letter or digit, then has letters, digits and `._:-`",
        arguments: UInt8(0)...127
    )
    func bytes(byte: UInt8) {
        let character = Character(UnicodeScalar(byte))
        let alphanumeric = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
        #expect((BreakerName("a\(character)") != nil) == (alphanumeric + "._:-").contains(character))
        #expect((BreakerName("\(character)a") != nil) == alphanumeric.contains(character))
    }

    @Test("Breaker names are case-sensitive and ordered by bytes")
    func order() {
        let names = ["a", "a_", "a:", "a.", "a-", "aa", "aA", "B", "b", "10", "9"]
        let ordered = names.compactMap { BreakerName($0) }.sorted().map(\.value)
        #expect(ordered == names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) })
        #expect(BreakerName("a") != BreakerName("A"))
    }
}
