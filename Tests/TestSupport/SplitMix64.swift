import Foundation

/// A random number generator that gives the same numbers for the same seed (Steele, Lea and Flood, "Fast splittable
/// pseudorandom number generators", 2014).
package struct SplitMix64: RandomNumberGenerator, Sendable {
    private var state: UInt64

    package init(seed: UInt64) {
        state = seed
    }

    package mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }

    /// A number from 0 up to `bound`, excluded. Its slight bias towards low numbers does not matter to tests.
    package mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(bound)) }

    package mutating func pick<Element>(_ elements: [Element]) -> Element { elements[below(elements.count)] }
}

extension SplitMix64 {
    /// The seed of this run; `FUSEBOX_TEST_SEED` repeats one.
    package static func seed() -> UInt64 {
        ProcessInfo.processInfo.environment["FUSEBOX_TEST_SEED"].flatMap { UInt64($0) } ?? .random(in: 0...(.max))
    }
}
