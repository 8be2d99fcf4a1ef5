extension Instant {
    /// Parses the form that ``timestamp`` produces, and no other.
    package init?(timestamp text: String) {
        let bytes = Array(text.utf8)
        let form = Array("0000-00-00T00:00:00.000Z".utf8)
        guard bytes.count == form.count else { return nil }
        for (byte, expected) in zip(bytes, form) {
            let isDigit = (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
            guard expected == UInt8(ascii: "0") ? isDigit : byte == expected else { return nil }
        }
        func number(_ range: Range<Int>) -> Int64 {
            bytes[range].reduce(0) { $0 * 10 + Int64($1 - UInt8(ascii: "0")) }
        }
        let (hour, minute, second) = (number(11..<13), number(14..<16), number(17..<19))
        guard hour < 24, minute < 60, second < 60,
            let days = CivilDate.daysSinceEpoch(year: number(0..<4), month: number(5..<7), day: number(8..<10))
        else { return nil }
        let seconds = days * 86_400 + hour * 3_600 + minute * 60 + second
        self.init(milliseconds: seconds * 1_000 + number(20..<23))
    }

    /// RFC 3339 in UTC, with milliseconds: `2026-01-31T09:30:00.125Z`.
    package var timestamp: String {
        let (days, ms) = CivilDate.divide(milliseconds, by: 86_400_000)
        let date = CivilDate(daysSinceEpoch: days)
        func digits(_ value: Int64) -> String { CivilDate.digits(value, 2) }
        return "\(CivilDate.digits(date.year, 4))-\(digits(date.month))-\(digits(date.day))"
            + "T\(digits(ms / 3_600_000)):\(digits(ms / 60_000 % 60)):\(digits(ms / 1_000 % 60))"
            + ".\(CivilDate.digits(ms % 1_000, 3))Z"
    }
}
