import Foundation

/// A small random generator with a seed (Steele, Lea, Flood 2014): the same seed, the same run.
struct SplitMix64: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }

    /// The seed of this run; `FUSEBOX_TEST_SEED` repeats one.
    static func seed() -> UInt64 {
        ProcessInfo.processInfo.environment["FUSEBOX_TEST_SEED"].flatMap { UInt64($0) } ?? .random(in: 0...(.max))
    }
}
