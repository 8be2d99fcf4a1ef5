import Foundation
import TestSupport
import Testing

@testable import BreakerHTTP

@Suite("JSON values that are written and parsed")
struct JSONRoundTripTests {
    @Test("A written value parses to the same value, and Foundation accepts it", arguments: [1, 2, 3, 4] as [UInt64])
    func roundTrip(seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        for _ in 0..<2_000 {
            let value = JSON.random(depth: 0, using: &random)
            let bytes = value.bytes
            #expect(try JSONParser.parse(bytes) == value.canonical, "seed \(seed): \(value)")
            #expect(
                throws: Never.self,
                "seed \(seed): \(value)"
            ) { try JSONSerialization.jsonObject(with: Data(bytes), options: .fragmentsAllowed) }
        }
    }

    @Test(
        "Random bytes do not crash the parser, and it agrees with the reference parser and Foundation",
        arguments: [11, 12, 13, 14] as [UInt64]
    )
    func randomBytes(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        let alphabet = Array("{}[]:,\"\\ \n-+.eE0123456789truefalsenullud83dde00".utf8)
        for _ in 0..<25_000 {
            let length = Int.random(in: 0...24, using: &random)
            let bytes = (0..<length).map { _ in
                Int.random(in: 0..<12, using: &random) == 0
                    ? UInt8.random(in: 0...255, using: &random) : alphabet.randomElement(using: &random)!
            }
            let result = Result { () throws(JSONCursor.Failure) in try JSONParser.parse(bytes) }
            let reference = Result { () throws(JSONCursor.Failure) in try ReferenceParser.parse(bytes) }
            #expect(result == reference, "seed \(seed): \(bytes)")
            guard case .success(let value) = result else { continue }
            #expect((try? JSONParser.parse(value.bytes)) == value.canonical, "seed \(seed): \(bytes)")
            let foundation = try? JSONSerialization.jsonObject(with: Data(bytes), options: .fragmentsAllowed)
            #expect(foundation != nil, "seed \(seed): \(String(decoding: bytes, as: UTF8.self))")
        }
    }
}

extension JSON {
    /// The value after it has been written and parsed: a whole decimal number is an integer.
    fileprivate var canonical: JSON {
        switch self {
        case .decimal(let value): Int64(exactly: value).map(JSON.integer) ?? self
        case .array(let values): .array(values.map(\.canonical))
        case .object(let members): .object(members.map { Member(key: $0.key, value: $0.value.canonical) })
        case .null, .bool, .integer, .string: self
        }
    }

    fileprivate static func random(depth: Int, using random: inout SplitMix64) -> JSON {
        switch Int.random(in: 0..<(depth < 6 ? 8 : 6), using: &random) {
        case 0: .null
        case 1: .bool(.random(using: &random))
        case 2: .integer(Int64(bitPattern: random.next()) >> Int64.random(in: 0..<64, using: &random))
        case 3: .decimal(decimal(using: &random))
        case 4, 5: .string(text(using: &random))
        case 6:
            .array((0..<Int.random(in: 0..<5, using: &random)).map { _ in .random(depth: depth + 1, using: &random) })
        default:
            .object(
                Set((0..<Int.random(in: 0..<5, using: &random)).map { _ in text(using: &random) }).sorted()
                    .map { Member(key: $0, value: .random(depth: depth + 1, using: &random)) }
            )
        }
    }

    private static func decimal(using random: inout SplitMix64) -> Double {
        while true {
            let value = Double(bitPattern: random.next())
            if value.isFinite { return value }
        }
    }

    private static func text(using random: inout SplitMix64) -> String {
        var text = ""
        for _ in 0..<Int.random(in: 0..<8, using: &random) {
            let code = UInt32.random(in: 0...(Bool.random(using: &random) ? 0x7f : 0x10ffff), using: &random)
            if let scalar = Unicode.Scalar(code) { text.unicodeScalars.append(scalar) }
        }
        return text
    }
}
