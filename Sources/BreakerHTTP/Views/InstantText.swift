import BreakerCore

extension Instant {
    /// Reads a time in the form of RFC 3339: `2026-01-31T09:30:00Z`, with or without a fraction, and with `Z` or an
    /// offset. Digits finer than a millisecond are cut off.
    init?(rfc3339 text: String) {
        guard let match = text.wholeMatch(of: Self.form), let year = Int64(match.1), let month = Int64(match.2),
            let day = Int64(match.3), let days = CivilDate.daysSinceEpoch(year: year, month: month, day: day),
            let hour = Int64(match.4), hour < 24, let minute = Int64(match.5), minute < 60,
            let second = Int64(match.6), second < 60
        else { return nil }
        let fraction = (match.7.map(String.init) ?? "").prefix(3)
        guard let ms = Int64(fraction + String(repeating: "0", count: 3 - fraction.count)) else { return nil }
        var offset: Int64 = 0
        if let sign = match.8, let hours = match.9.flatMap({ Int64($0) }), let minutes = match.10.flatMap({ Int64($0) })
        {
            guard hours < 24, minutes < 60 else { return nil }
            offset = (sign == "-" ? -1 : 1) * (hours * 60 + minutes)
        }
        let seconds = days * 86_400 + hour * 3_600 + (minute - offset) * 60 + second
        self.init(milliseconds: seconds * 1_000 + ms)
    }

    private static var form:
        Regex<
            (
                Substring, Substring, Substring, Substring, Substring, Substring, Substring, Substring?, Substring?,
                Substring?, Substring?
            )
        >
    {
        /(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(?:[Zz]|([+-])(\d\d):(\d\d))/.asciiOnlyDigits()
    }
}

extension Query {
    /// An instant; `nil` where the parameter is absent.
    func instant(_ key: String) throws(Problem) -> Instant? {
        guard let text = self[key] else { return nil }
        guard let instant = Instant(rfc3339: text), Self.years.contains(instant) else {
            throw .invalid(key, "must be an RFC 3339 time such as 2026-01-31T09:30:00Z, in the years 1970 to 9998")
        }
        return instant
    }

    /// The instants whose year has four digits, with room for a step of time around them.
    private static let years = Instant(milliseconds: 0)..<Instant(milliseconds: 253_370_764_800_000)
}
