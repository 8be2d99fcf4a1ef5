import BreakerCore
import Testing

@Suite("The names that a token may use")
struct NameScopeTests {
    @Test(
        "A scope has the names that begin with one of its prefixes and its single names",
        arguments: [
            ("pay", ["pay", "pays", "pay:a"]), ("pay:", ["pay:a"]), ("=pay", ["pay"]), ("=pay,pay:", ["pay", "pay:a"]),
            ("mail,=pay:a", ["mail", "pay:a"]), ("=pay:", []), ("Pay", []),
        ]
    )
    func contains(text: String, names: [String]) throws {
        let scope = try NameScope(text)
        let all = ["mail", "pay", "pays", "pay:a", "ship"].compactMap { BreakerName($0) }
        #expect(all.filter { scope.contains($0) }.map(\.value) == names)
        #expect(names.allSatisfy { $0.hasPrefix(scope.commonPrefix) })
        for (index, first) in all.enumerated() {
            for last in all[index...] where scope.containsAll(from: first, to: last) {
                #expect(all.filter { first <= $0 && $0 <= last }.allSatisfy { scope.contains($0) })
            }
        }
    }

    @Test("Two lists of the same prefixes and names are the same scope", arguments: ["a,=b", "=b,a", "a,=b,a,=b"])
    func order(text: String) throws {
        #expect(try NameScope(text) == NameScope("=b,a"))
        #expect(try NameScope(text).description == "=b,a")
    }

    @Test(
        "The common prefix of a scope is the longest prefix of all its prefixes and names",
        arguments: [("pay:", "pay:"), ("=pay,pay:", "pay"), ("a,b", ""), ("=mail,make", "ma"), ("a:1,a:2,a", "a")]
    )
    func commonPrefix(text: String, common: String) throws {
        #expect(try NameScope(text).commonPrefix == common)
    }

    @Test("Only a prefix, and no single name, gives a scope all names that begin with a text")
    func prefixes() throws {
        #expect(try NameScope("=pay,pay:").contains(prefix: "pay:a"))
        #expect(try !NameScope("=pay,pay:").contains(prefix: "pay"))
        #expect(try !NameScope("pay").contains(prefix: ""))
        #expect(NameScope.all.contains(prefix: "") && NameScope.all.description.isEmpty)
    }

    @Test(
        "A list with an invalid prefix or name is refused",
        arguments: ["", ",", "a,", "=", "a=b", "==a", "a b", "-"]
    )
    func invalid(text: String) {
        #expect(throws: NameScope.Failure.self) { try NameScope(text) }
    }
}
