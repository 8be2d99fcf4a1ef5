import BreakerCore
import Testing

@testable import BreakerHTTP

@Suite("The tokens file")
struct TokenFileTests {
    private static let digest = "sha256:" + String(repeating: "0a", count: 32)
    private static let other = "sha256:" + String(repeating: "FF", count: 32)

    @Test("The tokens file yields names, roles, prefixes and digests; comments and empty lines are skipped")
    func reads() throws {
        let text = """
            # who may do what

            checkout worker payments: \(Self.digest)   # until March
            \tgrafana\tviewer\t\(Self.other)\r
            """
        let tokens = try TokenFile.parse(text, file: "tokens")
        #expect(
            tokens == [
                Token(
                    name: "checkout",
                    role: .worker,
                    scope: NameScope(prefix: "payments:"),
                    digest: Array(repeating: 10, count: 32)
                ),
                Token(name: "grafana", role: .viewer, scope: .all, digest: Array(repeating: 255, count: 32)),
            ]
        )
    }

    @Test("The lines of a tokens file may end with LF or CRLF", arguments: ["\n", "\r\n"])
    func lineEnds(end: String) throws {
        let lines = ["# who may do what", "a worker \(Self.digest)", "", "b viewer \(Self.other)", ""]
        let tokens = try TokenFile.parse(lines.joined(separator: end), file: "tokens")
        #expect(tokens.map(\.name) == ["a", "b"])
        let bad = (lines + ["c boss"]).joined(separator: end)
        let failure = #expect(throws: TokenFile.Failure.self) { try TokenFile.parse(bad, file: "tokens") }
        #expect(failure?.line == 6)
    }

    @Test(
        "A tokens file without a token is an error, because it would lock out every client",
        arguments: ["", "\n\n", "# none", "   \n\t"]
    )
    func empty(text: String) throws {
        let error = #expect(throws: TokenFile.Failure.self) { try TokenFile.parse(text, file: "tokens") }
        #expect(error?.description == "tokens:1: the file has no tokens, so no client can use the server")
    }

    @Test("The line of a created token can be parsed", arguments: ["", "payments:"])
    func roundTrip(prefix: String) throws {
        let token = Token.make(name: "night-shift", role: .operator, prefix: prefix).token
        #expect(try TokenFile.parse(token.line, file: "tokens") == [token])
    }

    @Test("A tokens file may have many lines, and the last one is compared with all others")
    func many() throws {
        let count = 10_000
        let digests = (0..<count).map { "sha256:" + UInt64($0).hexadecimal + String(repeating: "0", count: 48) }
        let text = digests.enumerated().map { "t\($0.offset) worker \($0.element)" }.joined(separator: "\n")
        #expect(try TokenFile.parse(text, file: "tokens").count == count)
        for (line, detail) in [
            ("other worker \(digests[0])", "another line has the same digest or certificate"),
            ("t0 viewer \(Self.other)", "another line of the name t0 has another role or prefix"),
        ] {
            let failure = TokenFile.Failure(file: "tokens", line: count + 1, detail: detail)
            #expect(throws: failure) { try TokenFile.parse(text + "\n" + line, file: "tokens") }
        }
    }

    @Test("A line of the tokens file may list prefixes and single names, and a created token's line keeps them")
    func scopes() throws {
        let scope = try NameScope("=payments,payments:")
        let token = Token.make(name: "checkout", role: .worker, scope: scope).token
        #expect(token.line.hasPrefix("checkout worker =payments,payments: sha256:"))
        #expect(try TokenFile.parse(token.line, file: "tokens") == [token])
        let lines = "a worker b:,=b \(Self.digest)\na worker =b,b: \(Self.other)"
        #expect(try TokenFile.parse(lines, file: "tokens").map(\.scope) == [NameScope("=b,b:"), NameScope("=b,b:")])
    }

    @Test(
        "The removal of a token keeps all other lines byte for byte",
        arguments: [
            ("a worker x # 1\nb viewer y\n", "a", false, "b viewer y\n", 1),
            ("\ta worker x\r\n# a\r\n\r\nab worker x\r\na worker y", "a", false, "# a\r\n\r\nab worker x\r\n", 2),
            ("a worker x\n#\na worker y # new\n", "a", true, "#\na worker y # new\n", 1),
            ("a worker x\n", "a", true, "a worker x\n", 0), ("#a\n", "a", false, "#a\n", 0), ("", "a", false, "", 0),
        ] as [(String, String, Bool, String, Int)]
    )
    func removal(text: String, name: String, keepsLast: Bool, rest: String, count: Int) {
        let removed = TokenFile.removeLines(of: name, from: text, keepsLast: keepsLast)
        #expect(Array(removed.text.utf8) == Array(rest.utf8))
        #expect(removed.count == count)
    }

    private static let form = "a line must be: name role [prefix], then sha256:<64 hexadecimal digits> or certificate"
    private static let ending = "a line must end with sha256: and 64 hexadecimal digits, or with certificate"

    @Test(
        "A tokens file error names the file, the line and the mistake",
        arguments: [
            ("checkout", 1, Self.form),
            ("\n# two\ncheckout worker", 3, Self.form),
            ("checkout worker a b \(digest)", 1, Self.form),
            (
                "a/b worker \(digest)", 1,
                "a token's name must be 1 to 128 characters of A-Z a-z 0-9 . _ : -, starting with a letter or digit"
            ),
            ("anonymous worker \(digest)", 1, "the name anonymous is reserved for servers without tokens"),
            ("checkout boss \(digest)", 1, "the role must be worker, viewer or operator, not boss"),
            ("checkout Worker \(digest)", 1, "the role must be worker, viewer or operator, not Worker"),
            ("checkout worker pay/ \(digest)", 1, "the prefix must be the beginning of a breaker's name, not pay/"),
            ("checkout worker pay:,b/ \(digest)", 1, "the prefix must be the beginning of a breaker's name, not b/"),
            ("checkout worker pay:, \(digest)", 1, "the prefix must be the beginning of a breaker's name, not "),
            ("checkout worker =b/ \(digest)", 1, "= must be followed by a breaker's name, not b/"),
            ("checkout worker \(digest.dropLast())", 1, Self.ending),
            ("checkout worker \(digest)0", 1, Self.ending),
            ("checkout worker \(digest.dropLast())g", 1, Self.ending),
            ("checkout worker \(digest.dropLast(2))+a", 1, Self.ending),
            ("checkout worker md5:\(digest)", 1, Self.ending),
            ("checkout worker fbx_secret", 1, Self.ending),
            ("a worker \(digest)\nb worker \(digest)", 2, "another line has the same digest or certificate"),
            ("a worker \(digest)\na viewer \(other)", 2, "another line of the name a has another role or prefix"),
            ("a worker certificate\na worker certificate", 2, "another line has the same digest or certificate"),
            ("a worker p \(digest)\na worker \(other)", 2, "another line of the name a has another role or prefix"),
        ] as [(String, Int, String)]
    )
    func errors(text: String, line: Int, detail: String) {
        let failure = TokenFile.Failure(file: "tokens", line: line, detail: detail)
        #expect(throws: failure) { try TokenFile.parse(text, file: "tokens", acceptsCertificates: true) }
        #expect(failure.description == "tokens:\(line): \(detail)")
    }
}
