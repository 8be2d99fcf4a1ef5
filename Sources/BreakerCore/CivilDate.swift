/// A day of the Gregorian calendar, in UTC.
///
/// The computation uses years that begin in March, so that the leap day is the last day of its year (Howard Hinnant,
/// "chrono-Compatible Low-Level Date Algorithms", civil_from_days).
package struct CivilDate: Hashable {
    package var year: Int64
    /// 1 to 12.
    package var month: Int64
    /// 1 to 31.
    package var day: Int64
    /// 0 for Sunday.
    package var weekday: Int

    /// - Parameter days: days since 1970-01-01, which was a Thursday.
    package init(daysSinceEpoch days: Int64) {
        let shifted = days + 719_468
        let (era, dayOfEra) = Self.divide(shifted, by: 146_097)
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let marchMonth = (5 * dayOfYear + 2) / 153
        day = dayOfYear - (153 * marchMonth + 2) / 5 + 1
        month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
        year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        weekday = Int(Self.divide(days + 4, by: 7).remainder)
    }

    /// Days since 1970-01-01 (days_from_civil, from the same source); `nil` for a day that does not exist.
    package static func daysSinceEpoch(year: Int64, month: Int64, day: Int64) -> Int64? {
        guard (1...12).contains(month), (1...31).contains(day) else { return nil }
        let marchYear = month <= 2 ? year - 1 : year
        let leapDays =
            divide(marchYear, by: 4).quotient - divide(marchYear, by: 100).quotient
            + divide(marchYear, by: 400).quotient
        let dayOfYear = (153 * ((month + 9) % 12) + 2) / 5 + day - 1
        let days = 365 * marchYear + leapDays + dayOfYear - 719_468
        let date = CivilDate(daysSinceEpoch: days)
        return date.month == month && date.day == day ? days : nil
    }

    /// Divides with rounding down, so that the remainder is never negative.
    package static func divide(_ value: Int64, by divisor: Int64) -> (quotient: Int64, remainder: Int64) {
        let remainder = ((value % divisor) + divisor) % divisor
        return ((value - remainder) / divisor, remainder)
    }

    /// `value` in decimal, padded with zeros to at least `count` digits.
    package static func digits(_ value: Int64, _ count: Int) -> String {
        let text = String(value)
        return String(repeating: "0", count: max(0, count - text.utf8.count)) + text
    }
}
