import BreakerCore

/// Formats times, durations and numbers for people.
enum Phrase {
    /// "14:02:11 UTC", with the date if it differs from that of `now`.
    static func time(_ instant: Instant, at now: Instant) -> String {
        let parts = instant.timestamp.split(separator: "T")
        let time = "\(parts[1].prefix(8)) UTC"
        return now.timestamp.hasPrefix(parts[0]) ? time : "\(parts[0]) \(time)"
    }

    /// "14:02:11 UTC (3 min ago)".
    static func past(_ instant: Instant, at now: Instant) -> String {
        "\(time(instant, at: now)) (\(LengthText.elapsed(ms: instant.milliseconds(until: now))) ago)"
    }

    /// "14:03:11 UTC (in 12 s)".
    static func future(_ instant: Instant, at now: Instant) -> String {
        "\(time(instant, at: now)) (in \(LengthText.remaining(ms: now.milliseconds(until: instant))))"
    }

    /// "one success", "3 successes".
    static func count(_ count: Int, _ one: String, _ many: String) -> String {
        count == 1 ? "one \(one)" : "\(count) \(many)"
    }

    /// "1 failure", "5 failures".
    static func counted(_ count: Int, _ noun: String) -> String {
        "\(count) \(noun)\(count == 1 ? "" : "s")"
    }

    /// `text` with a full stop at its end, unless it already ends a sentence.
    static func sentence(_ text: String) -> String {
        text.last.map(".!?".contains) ?? true ? text : text + "."
    }

    /// A share in whole per cent: at least 1 %, and 100 % only for a share of exactly 1.
    /// - Parameter share: above 0, at most 1.
    static func share(_ share: Double) -> String {
        if share == 1 { return "100 %" }
        return "\(min(99, max(1, Int((share * 100).rounded())))) %"
    }

    /// A rate in per cent; any other number unchanged. Both are rounded to whole numbers.
    static func number(_ value: Double, isRate: Bool) -> String {
        let shown = isRate ? value * 100 : value
        return "\(Int(shown.rounded()))" + (isRate ? " %" : "")
    }
}
