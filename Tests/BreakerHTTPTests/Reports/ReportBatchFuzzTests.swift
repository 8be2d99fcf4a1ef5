import TestSupport
import Testing

@testable import BreakerHTTP

@Suite("Whatever the bytes, a batch is read as the reference reads it")
struct ReportBatchFuzzTests {
    private static let tokens = [
        Access.anonymous, Access(actor: "checkout", role: .worker, prefix: "pay:"),
    ]

    @Test("Batches that are sound, odd and broken", arguments: [1, 2, 3, 4] as [UInt64])
    func batches(seed: UInt64) {
        var batches = RandomBatch(seed: seed)
        var seen = Seen()
        for number in 0..<1_200 {
            seen.count(check(batches.next(), "seed \(seed), document \(number)"))
        }
        // The documents are of some use only if many are read and many are not.
        #expect(seen.reports > 500 && seen.faults > 300 && seen.refusals > 300, "seed \(seed): \(seen)")
    }

    @Test("Bytes of JSON's alphabet in any order", arguments: [11, 12] as [UInt64])
    func alphabet(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        let words = [
            "{", "}", "[", "]", ":", ",", "\"", "\\", "u", "0", "e", "1", ".", "-", " ", "\"reports\"", "\"name\"",
            "\"a\"",
            "\"outcome\":\"success\"", "{\"reports\":[{", "\"count\":", "null", "true", "\\ud83d", "\\ude00", "é",
        ].map { Array($0.utf8) }
        for number in 0..<1_500 {
            let start = random.below(3) == 0 ? [] : Array(#"{"reports":["#.utf8)
            let body = (0..<random.below(16)).reduce(into: start) { body, _ in body += random.pick(words) }
            _ = check(body, "seed \(seed), document \(number)")
        }
    }

    private func check(_ body: [UInt8], _ place: String) -> ReferenceBatch.Reading {
        var readings: [ReferenceBatch.Reading] = []
        for access in Self.tokens {
            let reading = ReportBatch.read(body, access: access)
            #expect(
                reading == ReferenceBatch.read(body, access: access),
                "\(place): \(String(decoding: body, as: UTF8.self))"
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
