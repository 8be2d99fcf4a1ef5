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
