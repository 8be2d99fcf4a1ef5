import BreakerCore
import TestSupport
import Testing

@testable import BreakerHTTP

@Suite("Random batches")
struct ReportBatchFuzzTests {
    private static let tokens = [
        Access.anonymous, Access(actor: "checkout", role: .worker, scope: NameScope(prefix: "pay:")),
    ]

    @Test("Valid, unusual and broken batches are read as by the reference", arguments: [1, 2, 3, 4] as [UInt64])
    func batches(seed: UInt64) {
        var batches = RandomBatch(seed: seed)
        var seen = Seen()
        for number in 0..<1_200 {
            seen.count(check(batches.next(), "seed \(seed), document \(number)"))
        }
        // The documents are useful only if many of them are accepted and many are not.
        #expect(seen.reports > 500 && seen.faults > 300 && seen.refusals > 300, "seed \(seed): \(seen)")
    }

    @Test("Random fragments of batches are read as by the reference", arguments: [11, 12] as [UInt64])
    func scraps(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        for number in 0..<1_500 {
            let start = random.below(4) == 0 ? "" : #"{"reports":["#
            let end = random.below(2) == 0 ? "" : "]}"
            let scraps = (0..<random.below(12)).map { _ in random.pick(Self.scraps) }.joined()
            _ = check(Array("\(start)\(scraps)\(end)".utf8), "seed \(seed), document \(number)")
        }
    }

    private static let scraps = [
        "{", "}", "[", "]", ":", ",", ",", "\"", "\\", "u", "0", "e", "1", ".", "-", " ", "null", "true", "é",
        #"\ud83d"#,
        #"\ude00"#, "{}", #"{"name":"a""#, #","outcome":"success""#, #","count":1e1}"#,
        #"{"name":"a","outcome":"success"}"#,
        #","kind":"\u0061""#,
    ]

    private func check(_ body: [UInt8], _ context: String) -> ReferenceBatch.Reading {
        var readings: [ReferenceBatch.Reading] = []
        for access in Self.tokens {
            let reading = ReportBatch.read(body, access: access)
            #expect(
                reading == ReferenceBatch.read(body, access: access),
                "\(context): \(String(decoding: body, as: UTF8.self))"
            )
            readings.append(reading)
        }
        return readings[0]
    }

    private struct Seen {
        var reports = 0
        var faults = 0
        var refusals = 0

        mutating func count(_ reading: ReferenceBatch.Reading) {
            guard case .items(let items) = reading else {
                refusals += 1
                return
            }
            for item in items {
                if case .report = item { reports += 1 } else { faults += 1 }
            }
        }
    }
}

/// Generates bodies of batches: most of them valid, some unusual, some broken.
struct RandomBatch {
    private var random: SplitMix64
    private var bytes: [UInt8] = []

    init(seed: UInt64) { random = SplitMix64(seed: seed) }

    mutating func next() -> [UInt8] {
        bytes = []
        space()
        if oneIn(30) { value(depth: 0) } else { document() }
        space()
        if oneIn(5) {
            for _ in 0...random.below(3) { damage() }
        }
        return bytes
    }

    // MARK: The shape

    private mutating func document() {
        var members: [(inout RandomBatch) -> Void] = []
        let lists = oneIn(40) ? random.below(3) : 1
        for _ in 0..<lists {
            members.append { batch in
                batch.key("reports")
                if batch.oneIn(40) { batch.value(depth: 1) } else { batch.list(upTo: 7) { $0.item() } }
            }
        }
        for _ in 0..<(oneIn(3) ? random.below(4) : 0) { members.append { $0.unknownMember(depth: 1) } }
        object(members)
    }

    private mutating func item() {
        guard !oneIn(20) else { return value(depth: 2) }
        var members: [(inout RandomBatch) -> Void] = []
        for name in Self.fields where !oneIn(name == "name" || name == "outcome" ? 20 : 2) {
            members.append { batch in
                batch.key(name)
                batch.field(name)
            }
        }
        if oneIn(4) { members.append { $0.unknownMember(depth: 3) } }
        if oneIn(100), !members.isEmpty { members.append(random.pick(members)) }
        object(members)
    }

    private static let fields = [
        "name", "outcome", "permit", "duration_ms", "age_ms", "kind", "detail", "reporter", "report_id", "count",
    ]

    private mutating func field(_ name: String) {
        guard !oneIn(60) else { return value(depth: 3) }
        guard !oneIn(40) else { return write("null") }
        switch name {
        case "name":
            text(oneIn(12) ? random.pick(["a/b", "é", ""]) : random.pick(["a", "b-17", "pay:a", "pay:b", "pay"]))
        case "outcome": text(oneIn(20) ? "maybe" : random.pick(["success", "failure", "ignored"]))
        case "permit":
            text(oneIn(12) ? random.pick(["7-00", "0", "x"]) : random.pick(["7", "12", "7-00000000000000ff"]))
        case "duration_ms", "age_ms", "count":
            if oneIn(8) { number() } else { write(random.pick(["1", "2", "5", "1.0", "1e2"])) }
        case "report_id": text(oneIn(12) ? random.pick(Self.texts) : "r-\(random.below(100))")
        default: text(random.pick(oneIn(12) ? Self.texts : Self.shortTexts))
        }
    }

    private static let shortTexts = [
        "timeout", "checkout-7", "", "a \"quoted\" \\ text/", "é", "e\u{301}", "😀 and é", "\u{7f}\u{0}\n\t",
    ]

    private static let texts =
        shortTexts + [
            String(repeating: "x", count: 64), String(repeating: "é", count: 65), String(repeating: "y", count: 129),
        ]

    // MARK: Values

    private mutating func value(depth: Int) {
        switch random.below(depth < 15 ? 9 : 6) {
        case 0: write("null")
        case 1: write(random.pick(["true", "false"]))
        case 2, 3: number()
        case 4, 5: text(random.pick(Self.texts))
        case 6: list(upTo: 4) { $0.value(depth: depth + 1) }
        case 7: object((0..<random.below(4)).map { _ in { $0.unknownMember(depth: depth + 1) } })
        default:
            let levels = random.below(18 - depth)
            for _ in 0..<levels { write("[") }
            write("0")
            for _ in 0..<levels { write("]") }
        }
    }

    private mutating func unknownMember(depth: Int) {
        // With so few names, a name is sometimes repeated. Two of the names are equal in different spellings.
        key(random.pick(Self.fields + ["x", "y", "z", "trace", "é", "e\u{301}", "K", "\u{212a}", "", "Name", "kinds"]))
        value(depth: depth)
    }

    private mutating func number() {
        write(
            random.pick([
                "1", "2", "5", "100", "0", "-0", "-1", "1.0", "1e2", "1E+2", "250e-2", "0.5", "12.5", "-0.4", "10000",
                "10001",
                "86400000", "900000", "900001",
                "86400001", "999999999999999999", "1000000000000000000", "9223372036854775807", "-9223372036854775808",
                "9223372036854775808", "1e300", "1e-400", oneIn(4) ? "1e999" : "3", oneIn(4) ? "01" : "4",
            ])
        )
    }

    private mutating func key(_ name: String) {
        text(name)
        space()
        write(":")
        space()
    }

    /// Writes a text with some of its characters escaped.
    private mutating func text(_ text: String) {
        let escapes = oneIn(6)
        write("\"")
        for scalar in text.unicodeScalars {
            if escapes && random.below(3) == 0 || scalar.value < 0x20 || scalar == "\"" || scalar == "\\" {
                write(oneIn(2) ? shortEscape(scalar) ?? longEscape(scalar) : longEscape(scalar))
            } else {
                bytes.append(contentsOf: UTF8.encode(scalar)!)
            }
        }
        if oneIn(400) {
            bytes.append(
                contentsOf: random.pick([
                    [0xff], [0xc3], Array(#"\ud800"#.utf8), Array(#"\ud83d\ue000"#.utf8), Array(#"\x"#.utf8), [0x1f],
                ])
            )
        }
        write("\"")
    }

    private func shortEscape(_ scalar: Unicode.Scalar) -> String? {
        switch scalar {
        case "\"": #"\""#
        case "\\": #"\\"#
        case "/": #"\/"#
        case "\n": #"\n"#
        case "\t": #"\t"#
        default: nil
        }
    }

    private mutating func longEscape(_ scalar: Unicode.Scalar) -> String {
        UTF16.encode(scalar)!.map { unit in
            let digits = String(unit, radix: 16, uppercase: oneIn(2))
            return #"\u"# + String(repeating: "0", count: 4 - digits.count) + digits
        }.joined()
    }

    // MARK: Bytes

    private mutating func list(upTo count: Int, _ element: @escaping (inout RandomBatch) -> Void) {
        separated((0..<random.below(count + 1)).map { _ in element }, "[", "]")
    }

    private mutating func object(_ members: [(inout RandomBatch) -> Void]) {
        separated(members.shuffled(using: &random), "{", "}")
    }

    private mutating func separated(_ parts: [(inout RandomBatch) -> Void], _ opening: String, _ closing: String) {
        write(opening)
        space()
        for (index, part) in parts.enumerated() {
            if index > 0 {
                write(",")
                space()
            }
            part(&self)
            space()
        }
        write(closing)
    }

    private mutating func space() {
        if oneIn(8) { write(random.pick([" ", "\n", "\t", "\r\n", "  "])) }
    }

    private mutating func write(_ text: String) { bytes.append(contentsOf: text.utf8) }

    private mutating func oneIn(_ chances: Int) -> Bool { random.below(chances) == 0 }

    /// Changes, removes, repeats or adds a byte, or repeats or removes a range of bytes.
    private mutating func damage() {
        guard !bytes.isEmpty else { return }
        let offset = random.below(bytes.count)
        let end = min(bytes.count, offset + 1 + random.below(24))
        switch random.below(8) {
        case 0: bytes[offset] = UInt8(truncatingIfNeeded: random.next())
        case 1, 2: bytes[offset] = random.pick(Array(#"{}[]:,"\ u0e1.-"#.utf8))
        case 3: bytes.remove(at: offset)
        case 4: bytes.insert(random.pick(Array(#"{}[]:,"\ u0e1.-"#.utf8)), at: offset)
        case 5: bytes.insert(contentsOf: bytes[offset..<end], at: end)
        case 6: bytes.removeSubrange(offset..<end)
        default: if random.below(4) == 0 { bytes.removeSubrange(offset...) } else { bytes[offset] ^= 0x20 }
        }
    }
}
