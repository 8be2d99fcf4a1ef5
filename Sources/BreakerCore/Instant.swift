/// A point in time: milliseconds since the Unix epoch, on the server's clock.
package struct Instant: Hashable, Comparable, Sendable {
    package var milliseconds: Int64

    package init(milliseconds: Int64) {
        self.milliseconds = milliseconds
    }

    /// Later than any instant that a clock can show; means "never".
    package static let distantFuture = Instant(milliseconds: .max)

    package static func < (left: Instant, right: Instant) -> Bool {
        left.milliseconds < right.milliseconds
    }

    /// The instant `milliseconds` later; ``distantFuture`` if the sum overflows.
    package func advanced(byMilliseconds milliseconds: Int64) -> Instant {
        let (sum, overflow) = self.milliseconds.addingReportingOverflow(milliseconds)
        return overflow ? .distantFuture : Instant(milliseconds: sum)
    }

    /// Milliseconds from this instant to `other`; negative if `other` is earlier.
    package func milliseconds(until other: Instant) -> Int64 {
        other.milliseconds.subtractingReportingOverflow(milliseconds).partialValue
    }
}

/// An instant is coded as text: written as its ``timestamp``, and read in any form of RFC 3339.
extension Instant: Codable {
    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let instant = Instant(rfc3339: text) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "\(text) is not an instant")
        }
        self = instant
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(timestamp)
    }
}

extension Instant {
    /// RFC 3339 in UTC, with milliseconds: `2026-01-31T09:30:00.125Z`.
    package var timestamp: String {
        let (days, ms) = CivilDate.divide(milliseconds, by: 86_400_000)
        let date = CivilDate(daysSinceEpoch: days)
        func digits(_ value: Int64) -> String { CivilDate.digits(value, 2) }
        return "\(CivilDate.digits(date.year, 4))-\(digits(date.month))-\(digits(date.day))"
            + "T\(digits(ms / 3_600_000)):\(digits(ms / 60_000 % 60)):\(digits(ms / 1_000 % 60))"
            + ".\(CivilDate.digits(ms % 1_000, 3))Z"
    }

    /// Reads a time in the form of RFC 3339: `2026-01-31T09:30:00Z`, with or without a fraction, and with `Z` or an
    /// offset. Digits finer than a millisecond are cut off.
    package init?(rfc3339 text: String) {
        var rest = Array(text.utf8)[...]
        guard let year = rest.takeNumber(digits: 4), rest.take("-") != nil,
            let month = rest.takeNumber(digits: 2), rest.take("-") != nil,
            let day = rest.takeNumber(digits: 2), rest.take("Tt") != nil,
            let hour = rest.takeNumber(digits: 2), hour < 24, rest.take(":") != nil,
            let minute = rest.takeNumber(digits: 2), minute < 60, rest.take(":") != nil,
            let second = rest.takeNumber(digits: 2), second < 60,
            let days = CivilDate.daysSinceEpoch(year: year, month: month, day: day),
            let ms = rest.takeFraction(), let offset = rest.takeOffset(), rest.isEmpty
        else { return nil }
        let seconds = days * 86_400 + hour * 3_600 + (minute - offset) * 60 + second
        self.init(milliseconds: seconds * 1_000 + ms)
    }
}

extension ArraySlice<UInt8> {
    /// Removes and returns the first byte if it is one of `characters`.
    fileprivate mutating func take(_ characters: String) -> UInt8? {
        guard let byte = first, characters.utf8.contains(byte) else { return nil }
        removeFirst()
        return byte
    }

    /// Removes a number of this many digits.
    fileprivate mutating func takeNumber(digits length: Int) -> Int64? {
        let digits = prefix(length)
        guard digits.count == length, digits.allSatisfy(\.isDigit) else { return nil }
        removeFirst(length)
        return digits.reduce(0) { $0 * 10 + Int64($1 - UInt8(ascii: "0")) }
    }

    /// Removes the fraction of a second, if there is one, and returns its milliseconds.
    fileprivate mutating func takeFraction() -> Int64? {
        guard take(".") != nil else { return 0 }
        var digits = prefix { $0.isDigit }
        guard (1...9).contains(digits.count) else { return nil }
        removeFirst(digits.count)
        digits.append(contentsOf: "00".utf8)
        return digits.takeNumber(digits: 3)
    }

    /// Removes `Z` or an offset, and returns its minutes.
    fileprivate mutating func takeOffset() -> Int64? {
        if take("Zz") != nil { return 0 }
        guard let sign = take("+-"), let hours = takeNumber(digits: 2), hours < 24, take(":") != nil,
            let minutes = takeNumber(digits: 2), minutes < 60
        else { return nil }
        return (sign == UInt8(ascii: "-") ? -1 : 1) * (hours * 60 + minutes)
    }
}

extension UInt8 {
    fileprivate var isDigit: Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(self) }
}

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
