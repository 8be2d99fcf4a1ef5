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
}
