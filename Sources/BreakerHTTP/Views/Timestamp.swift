import BreakerCore

extension Instant {
    /// RFC 3339 in UTC, with milliseconds: `2026-01-31T09:30:00.125Z`.
    ///
    /// The civil date is counted in years that begin in March, so that the leap day is the last of its year (Howard
    /// Hinnant, "chrono-Compatible Low-Level Date Algorithms", days_from_civil).
    var timestamp: String {
        let (days, ms) = Self.divide(milliseconds, by: 86_400_000)
        let shifted = days + 719_468
        let (era, dayOfEra) = Self.divide(shifted, by: 146_097)
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let marchMonth = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * marchMonth + 2) / 5 + 1
        let month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        return "\(Self.digits(year, 4))-\(Self.digits(month, 2))-\(Self.digits(day, 2))"
            + "T\(Self.digits(ms / 3_600_000, 2)):\(Self.digits(ms / 60_000 % 60, 2)):\(Self.digits(ms / 1_000 % 60, 2))"
            + ".\(Self.digits(ms % 1_000, 3))Z"
    }

    private static func divide(_ value: Int64, by divisor: Int64) -> (quotient: Int64, remainder: Int64) {
        let remainder = ((value % divisor) + divisor) % divisor
        return ((value - remainder) / divisor, remainder)
    }

    private static func digits(_ value: Int64, _ count: Int) -> String {
        let text = String(value)
        return String(repeating: "0", count: max(0, count - text.utf8.count)) + text
    }
}
