import BreakerCore
import Testing

@testable import BreakerEngine

@Suite("Names similar to a mistyped name")
struct SimilarNamesTests {
    @Test(
        "The differences of two texts are the characters to insert, delete or replace",
        arguments: [
            ("", "", 0), ("a", "", 1), ("", "abc", 3), ("payments", "payments", 0), ("paymnets", "payments", 2),
            ("payment", "payments", 1), ("kitten", "sitting", 3), ("abc", "cab", 2),
        ]
    )
    func differences(first: String, second: String, count: Int) {
        for (first, second) in [(first, second), (second, first)] {
            for most in 0...4 {
                let differences = SimilarNames.differences(Array(first.utf8), Array(second.utf8), atMost: most)
                #expect(differences == (count <= most ? count : nil))
            }
        }
    }

    @Test("At most three names are similar: those with the fewest differences, then in order")
    func names() throws {
        var similar = SimilarNames(to: try #require(BreakerName("paymnets")))
        for name in ["payments", "search", "paymnet", "paymnets2", "aymnets", "paymnets-live", "paymnetsx"] {
            similar.consider(try #require(BreakerName(name)))
        }
        #expect(similar.names.map(\.value) == ["aymnets", "paymnet", "paymnets2"])
    }

    @Test("A short name is similar only to names that share a character with it")
    func short() throws {
        var similar = SimilarNames(to: try #require(BreakerName("ab")))
        for name in ["xy", "ax", "a", "abcd"] { similar.consider(try #require(BreakerName(name))) }
        #expect(similar.names.map(\.value) == ["a", "ax"])
    }

    @Test("No name is similar to a name of one character")
    func oneCharacter() throws {
        var similar = SimilarNames(to: try #require(BreakerName("x")))
        for name in ["x", "a", "xa", "abc"] { similar.consider(try #require(BreakerName(name))) }
        #expect(similar.names.isEmpty)
    }
}
