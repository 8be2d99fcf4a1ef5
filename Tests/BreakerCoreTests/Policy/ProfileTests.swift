import BreakerCore
import CoreSupport
import TestSupport
import Testing

@Suite("Profiles and their patterns")
struct ProfileTests {
    static let fits: [(pattern: String, names: [String], others: [String])] = [
        ("payments", ["payments"], ["payment", "payments2", "Payments", "payments:charge"]),
        ("*", ["a", "payments:charge"], []),
        ("?", ["a", "9"], ["ab"]),
        ("payments:*", ["payments:", "payments:charge", "payments:a:b"], ["payments", "payments2:a"]),
        ("*:charge", ["payments:charge", "a:b:charge"], ["charge", "payments:charges", "payments-charge"]),
        ("a*b", ["ab", "aab", "abb", "axxb", "abab"], ["a", "b", "aba", "cab"]),
        ("a*b*c", ["abc", "axbxc", "abcbc", "aabbcc"], ["ac", "ab", "acb", "abcd"]),
        ("a**b", ["ab", "axb"], ["a"]),
        ("a?c", ["abc", "a.c"], ["ac", "abbc"]),
        ("*?", ["a", "ab"], []),
        ("?*?", ["ab", "abc"], ["a"]),
        ("*a?b*", ["acb", "xxaabyy", "aacbb"], ["ab", "bab"]),
        ("a.b", ["a.b"], ["axb"]),
    ]

    @Test("A pattern matches a breaker name as a whole", arguments: fits)
    func matches(pattern: String, names: [String], others: [String]) {
        let pattern = NamePattern(pattern)!
        for name in names { #expect(pattern.matches(BreakerName(name)!), "\(name)") }
        for name in others { #expect(!pattern.matches(BreakerName(name)!), "\(name)") }
    }

    @Test(
        "A pattern may have the characters of breaker names, `*` and `?`",
        arguments: ["*", "-*", "a?", ":", String(repeating: "?", count: 128)]
    )
    func valid(text: String) {
        #expect(NamePattern(text)?.text == text)
    }

    @Test(
        "A pattern that is empty, too long or has another character is refused",
        arguments: ["", "a b", "a/b", "[ab]", "é*", String(repeating: "?", count: 129)]
    )
    func invalid(text: String) {
        #expect(NamePattern(text) == nil)
    }

    @Test("A pattern with 63 stars is matched within a minute", .timeLimit(.minutes(1)))
    func pathological() {
        let pattern = NamePattern(String(repeating: "*a", count: 63) + "b")!
        #expect(!pattern.matches(BreakerName(String(repeating: "a", count: 128))!))
    }

    @Test("A pattern matches the names that a plain recursive match finds", arguments: UInt64(1)...20)
    func recursive(seed: UInt64) {
        func matches(_ pattern: Substring, _ name: Substring) -> Bool {
            guard let first = pattern.first else { return name.isEmpty }
            if first == "*" { return (0...name.count).contains { matches(pattern.dropFirst(), name.dropFirst($0)) } }
            guard let character = name.first, first == "?" || first == character else { return false }
            return matches(pattern.dropFirst(), name.dropFirst())
        }
        var random = SplitMix64(seed: seed)
        for _ in 1...200 {
            let pattern = String((0...random.below(6)).map { _ in random.pick(["a", "b", "?", "*"] as [Character]) })
            let name = String((0...random.below(7)).map { _ in random.pick(["a", "b"] as [Character]) })
            let expected = matches(pattern[...], name[...])
            #expect(NamePattern(pattern)!.matches(BreakerName(name)!) == expected, "seed \(seed): \(pattern), \(name)")
        }
    }

    @Test(
        "Patterns are ordered by how specific they are",
        arguments: [
            ["payments:charge", "payments:*", "pay*", "*"], ["a?", "a*", "?", "*", "**"], ["ab", "a", "a*"],
            ["*:a", "a:*", "b:*", "?"],
            ["*a:", "a:*"], ["payments:*", "payments*"],
        ]
    )
    func specificity(ordered: [String]) {
        let patterns = ordered.map { NamePattern($0)! }
        for (index, pattern) in patterns.enumerated() {
            #expect(!pattern.isMoreSpecific(than: pattern))
            for later in patterns[(index + 1)...] {
                #expect(pattern.isMoreSpecific(than: later), "\(pattern.text) before \(later.text)")
                #expect(!later.isMoreSpecific(than: pattern))
            }
        }
    }

    static func policy(_ threshold: Int) -> Policy { .with { $0.failureThreshold = threshold } }

    @Test(
        "The policy book gives a name its own policy, else that of the most specific profile, else the default",
        arguments: [
            ("payments:charge", 1, .config), ("payments:refund", 2, .profile("payments:*")),
            ("payments", 3, .profile("pay*")), ("mail", 4, .profile("????")), ("search", 9, .builtIn),
        ] as [(String, Int, PolicySource)],
        [false, true]
    )
    func book(expected: (name: String, threshold: Int, source: PolicySource), reversed: Bool) {
        let profiles = [("pay*", 3), ("payments:*", 2), ("????", 4)].map {
            Profile(pattern: NamePattern($0.0)!, policy: Self.policy($0.1))
        }
        let book = PolicyBook(
            default: Self.policy(9),
            profiles: reversed ? profiles.reversed() : profiles,
            breakers: [BreakerName("payments:charge")!: Self.policy(1)]
        )
        let found = book.policy(for: BreakerName(expected.name)!)
        #expect(found.policy.failureThreshold == expected.threshold)
        #expect(found.source == expected.source)
    }
}
