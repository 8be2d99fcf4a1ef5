/// Lengths of time as a person reads them: in one unit, and in the next larger one from two of it on, so that "119 s" is
/// followed by "2 min". All that is told to operators has this form, whoever tells it.
package enum LengthText {
    /// How long something has lasted, in whole units that have passed.
    /// - Parameter ms: milliseconds; negative ones are as 0.
    package static func elapsed(ms: Int64) -> String {
        text(seconds: max(0, ms) / 1_000) { $0 / $1 }
    }

    /// How long something will take: rounded up, for what is promised too early is waited for twice.
    /// - Parameter ms: milliseconds; negative ones are as 0.
    package static func remaining(ms: Int64) -> String {
        let ms = max(0, ms)
        return text(seconds: ms / 1_000 + (ms % 1_000 > 0 ? 1 : 0)) { ($0 + $1 - 1) / $1 }
    }

    private static let units: [(name: String, seconds: Int64)] = [("d", 86_400), ("h", 3_600), ("min", 60)]

    private static func text(seconds: Int64, divide: (Int64, Int64) -> Int64) -> String {
        for unit in units where seconds >= 2 * unit.seconds {
            return "\(divide(seconds, unit.seconds)) \(unit.name)"
        }
        return "\(seconds) s"
    }
}
