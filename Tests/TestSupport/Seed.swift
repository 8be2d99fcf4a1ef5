import Foundation

extension SplitMix64 {
    /// The seed of this run; `FUSEBOX_TEST_SEED` repeats one.
    package static func seed() -> UInt64 {
        ProcessInfo.processInfo.environment["FUSEBOX_TEST_SEED"].flatMap { UInt64($0) } ?? .random(in: 0...(.max))
    }
}
