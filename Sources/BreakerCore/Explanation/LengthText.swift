/// Formats lengths of time for people, in one unit. A larger unit is used from two of it on, so that "119 s" is
/// followed by "2 min". Every text for operators uses this form.
package enum LengthText {
    /// The length of time that has passed, rounded down to whole units.
    /// - Parameter ms: milliseconds; a negative value is treated as 0.
    package static func elapsed(ms: Int64) -> String {
        text(seconds: max(0, ms) / 1_000) { $0 / $1 }
    }

    /// The length of time that remains, rounded up to whole units, so that the end is never announced too early.
    /// - Parameter ms: milliseconds; a negative value is treated as 0.
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
