import BreakerAPI
import BreakerCore
import Foundation
import TestSupport
import Testing

@Suite("The writer of documents")
struct DocumentWriterTests {
    /// A document with a member of each kind. The order of its members is not that of the alphabet.
    fileprivate struct Sample: Document {
        struct Part: Codable, Hashable, Sendable {
            var name: String?
            var share: Double
        }

        var text: String
        var flag: Bool
        var count: Int
        var total: Int64
        var ratio: Double
        var at: Instant
        var parts: [Part]
        var rates: [Double?]
        var note: String?
        var isKnown: Bool?
        var limit: Int?
        var elapsedMs: Int64?
        var rate: Double?
        var until: Instant?
        var part: Part?

        enum CodingKeys: String, CodingKey {
            case text, flag, count, total, ratio, at, parts, rates, note
            case isKnown = "is_known"
            case limit
            case elapsedMs = "elapsed_ms"
            case rate, until, part
        }

        static let plain = Sample(
            text: "a",
            flag: true,
            count: -5,
            total: .max,
            ratio: 2,
            at: Instant(milliseconds: 1_500),
            parts: [],
            rates: []
        )
    }

    private struct Terse: Document {
        static let writesNull = false

        var text: String?
        var flag: Bool?
        var count: Int?
        var total: Int64?
        var ratio: Double?
        var at: Instant?
        var rest: [Terse] = []
    }

    private func text(_ document: some Document) -> String { String(decoding: document.bytes, as: UTF8.self) }

    @Test("Members are in the order of the coding keys, and members without a value are null")
    func nulls() {
        #expect(
            text(Sample.plain) == #"""
                {"text":"a","flag":true,"count":-5,"total":9223372036854775807,"ratio":2,\#
                "at":"1970-01-01T00:00:01.500Z","parts":[],"rates":[],"note":null,"is_known":null,"limit":null,\#
                "elapsed_ms":null,"rate":null,"until":null,"part":null}
                """#
        )
    }

    @Test("Members with a value are written whether they may be absent or not")
    func values() {
        var sample = Sample.plain
        sample.flag = false
        sample.parts = [Sample.Part(name: nil, share: 0.5), Sample.Part(name: "b", share: 1)]
        sample.rates = [nil, 0.25, 3]
        (sample.note, sample.isKnown, sample.limit) = ("n", false, 0)
        (sample.elapsedMs, sample.rate) = (7, 1e300)
        sample.until = Instant(milliseconds: 0)
        sample.part = Sample.Part(name: "p", share: 0)
        #expect(
            text(sample) == #"""
                {"text":"a","flag":false,"count":-5,"total":9223372036854775807,"ratio":2,\#
                "at":"1970-01-01T00:00:01.500Z","parts":[{"name":null,"share":0.5},{"name":"b","share":1}],\#
                "rates":[null,0.25,3],"note":"n","is_known":false,"limit":0,"elapsed_ms":7,"rate":1e+300,\#
                "until":"1970-01-01T00:00:00.000Z","part":{"name":"p","share":0}}
                """#
        )
    }

    @Test("A document that writes no nulls leaves out members without a value, also those of nested documents")
    func omissions() {
        #expect(text(Terse()) == #"{"rest":[]}"#)
        let nested = Terse(text: "a", rest: [Terse(), Terse(count: 1, rest: [Terse(flag: true)])])
        #expect(text(nested) == #"{"text":"a","rest":[{"rest":[]},{"count":1,"rest":[{"flag":true,"rest":[]}]}]}"#)
    }

    @Test(
        "Quotation marks, backslashes and control characters are escaped, and no other characters",
        arguments: [
            ("", ""), ("\"", #"\""#), (#"\/"#, #"\\/"#), ("\n\u{0}\u{1f}", #"\u000a\u0000\u001f"#),
            ("é😀\u{7f}", "é😀\u{7f}"),
        ]
    )
    func escapes(value: String, written: String) {
        #expect(text(Terse(text: value)) == #"{"text":"\#(written)","rest":[]}"#)
    }

    @Test("Writing a document keeps the bytes before it")
    func appends() {
        var bytes = Array("data: {".utf8)
        Terse(count: 1).write(into: &bytes)
        #expect(String(decoding: bytes, as: UTF8.self) == #"data: {{"count":1,"rest":[]}"#)
    }

    @Test("Foundation reads a written document as the same document", arguments: [1, 2, 3, 4] as [UInt64])
    func roundTrip(seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        for _ in 0..<300 {
            let sample = Sample.random(using: &random)
            let read = try JSONDecoder().decode(Sample.self, from: Data(sample.bytes))
            #expect(read == sample, "seed \(seed): \(text(sample))")
        }
    }
}

extension DocumentWriterTests.Sample {
    fileprivate static func random(using random: inout SplitMix64) -> Self {
        func decimal() -> Double {
            while true {
                let value = Double(bitPattern: random.next())
                if value.isFinite { return value }
            }
        }
        func text() -> String {
            var text = ""
            for _ in 0..<Int.random(in: 0..<8, using: &random) {
                let code = UInt32.random(in: 0...(Bool.random(using: &random) ? 0x7f : 0x10ffff), using: &random)
                if let scalar = Unicode.Scalar(code) { text.unicodeScalars.append(scalar) }
            }
            return text
        }
        func instant() -> Instant { Instant(milliseconds: .random(in: 0..<253_370_764_800_000, using: &random)) }
        func part() -> Part { Part(name: Bool.random(using: &random) ? text() : nil, share: decimal()) }
        let has = Bool.random(using: &random)
        return Self(
            text: text(),
            flag: .random(using: &random),
            count: Int(truncatingIfNeeded: random.next()),
            total: Int64(bitPattern: random.next()),
            ratio: decimal(),
            at: instant(),
            parts: (0..<Int.random(in: 0..<4, using: &random)).map { _ in part() },
            rates: [decimal(), nil],
            note: has ? text() : nil,
            isKnown: has ? Bool.random(using: &random) : nil,
            limit: has ? Int(truncatingIfNeeded: random.next()) : nil,
            elapsedMs: has ? Int64(bitPattern: random.next()) : nil,
            rate: has ? decimal() : nil,
            until: has ? instant() : nil,
            part: has ? part() : nil
        )
    }
}
