/// Formats lengths of time for people, in one unit. Elapsed and remaining time use a larger unit from two of it on, so
/// that "119 s" is followed by "2 min".
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

    /// An exact duration, in the largest unit that needs at most one decimal: "850 ms", "1.5 s", "10 min", "24 h".
    static func exact(ms: Int64) -> String {
        for (unit, length) in [("h", Int64(3_600_000)), ("min", 60_000), ("s", 1_000)] where ms >= length {
            guard ms % (length / 10) == 0 else { continue }
            let tenths = ms / (length / 10)
            return tenths % 10 == 0 ? "\(tenths / 10) \(unit)" : "\(tenths / 10).\(tenths % 10) \(unit)"
        }
        return "\(ms) ms"
    }

    private static let units: [(name: String, seconds: Int64)] = [("d", 86_400), ("h", 3_600), ("min", 60)]

    private static func text(seconds: Int64, divide: (Int64, Int64) -> Int64) -> String {
        for unit in units where seconds >= 2 * unit.seconds {
            return "\(divide(seconds, unit.seconds)) \(unit.name)"
        }
        return "\(seconds) s"
    }
}
