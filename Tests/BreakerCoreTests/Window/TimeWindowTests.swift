import TestSupport
import Testing

@testable import BreakerCore

@Suite("The buckets of a time window")
struct TimeWindowTests {
    /// A model that keeps the counts of every bucket, however old.
    private struct Recount {
        var buckets: [Int64: Counts] = [:]
        var newest: Int64 = 0

        mutating func add(_ counts: Counts, toBucket bucket: Int64) {
            newest = buckets.isEmpty ? bucket : max(newest, bucket)
            buckets[max(bucket, newest - 59), default: .zero] += counts
        }

        func counts(upToBucket bucket: Int64) -> Counts {
            let end = max(bucket, newest)
            return buckets.filter { end - $0.key < 60 }.values.reduce(into: .zero) { $0 += $1 }
        }
    }

    private static func counts(_ random: inout SplitMix64) -> Counts {
        // Some counts are as large as a bucket can hold, so that buckets and their sum saturate.
        let calls = UInt32(random.pick([1, 1, 1, 7, 1_000, Int(UInt32.max) - 1, Int(UInt32.max)]))
        return Counts(calls: calls, failures: random.pick([0, calls / 2, calls]), slow: random.pick([0, 1, calls]))
    }

    @Test("A time window has the counts of a plain recount, whatever the gaps", arguments: 0..<200 as Range<UInt64>)
    func total(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        var (window, recount) = (TimeWindow(), Recount())
        var bucket = Int64(random.pick([0, 1, 59, 60, 1 << 40]))
        for _ in 0..<400 {
            bucket += Int64(
                random.pick([-100, -60, -59, -30, -3, 0, 0, 0, 1, 1, 2, 5, 13, 29, 30, 58, 59, 60, 61, 500])
            )
            bucket = max(0, bucket)
            let counts = Self.counts(&random)
            recount.add(counts, toBucket: bucket)
            window.add(counts, toBucket: bucket)
            #expect(window.counts(upToBucket: bucket) == recount.counts(upToBucket: bucket), "seed \(seed)")
            let later = bucket + Int64(random.below(70))
            #expect(window.counts(upToBucket: later) == recount.counts(upToBucket: later), "seed \(seed)")
        }
    }

    @Test("A time window read from its bytes counts as the one written does", arguments: 0..<50 as Range<UInt64>)
    func roundTrip(seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        var window = TimeWindow()
        var bucket: Int64 = 0
        for _ in 0..<100 {
            bucket += Int64(random.pick([-60, -7, -1, 0, 0, 1, 4, 31, 59, 60, 200]))
            bucket = max(0, bucket)
            window.add(Self.counts(&random), toBucket: bucket)
            var bytes = Bytes()
            window.write(to: &bytes)
            var reader = Bytes.Reader(bytes.array)
            var copy = try #require(TimeWindow(reading: &reader))
            #expect(copy == window, "seed \(seed)")
            var original = window
            let next = bucket + Int64(random.below(90))
            let counts = Self.counts(&random)
            copy.add(counts, toBucket: next)
            original.add(counts, toBucket: next)
            #expect(copy.counts(upToBucket: next) == original.counts(upToBucket: next), "seed \(seed)")
        }
    }

    @Test("A time window counts a late call in a bucket up to 59 before the newest")
    func reachBack() {
        let call = Counts(failed: true, slow: false)
        for (bucket, isHeldLater) in [(100, true), (42, true), (41, false), (7, false)] as [(Int64, Bool)] {
            var window = TimeWindow()
            window.add(call, toBucket: 100)
            window.add(call, toBucket: bucket)
            #expect(window.counts(upToBucket: 100) == Counts(calls: 2, failures: 2))
            let later = window.counts(upToBucket: 101)
            #expect(later.calls == (isHeldLater ? 2 : 1), "bucket \(bucket)")
        }
    }

    @Test("Time windows with equal counts are equal, however many buckets they once used")
    func equality() {
        var (wide, narrow) = (TimeWindow(), TimeWindow())
        let call = Counts(failed: true, slow: false)
        wide.add(call, toBucket: 0)
        wide.add(call, toBucket: 59)
        wide.add(call, toBucket: 100)
        narrow.add(call, toBucket: 59)
        #expect(wide != narrow)
        narrow.add(call, toBucket: 100)
        #expect(wide == narrow)
        #expect(Set([wide, narrow]).count == 1)
    }
}
