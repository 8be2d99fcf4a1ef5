package import BreakerCore

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

extension FailureSummary {
    /// The summary in a sentence: "82 % timeout; 90 % of them from checkout-7".
    package var text: String {
        guard let kind = kinds.first, let reporter = kind.reporters.first else { return "no failures" }
        let what = "\(Phrase.share(kind.group.share)) \(kind.group.name ?? "of no kind")"
        let whom = reporter.name ?? "workers without a name"
        if kind.reporterCount == 1 { return "\(what), from \(whom)" }
        guard reporter.share >= Self.majorityShare else { return "\(what), from \(kind.reporterCount) reporters" }
        return "\(what); \(Phrase.share(reporter.share)) of them from \(whom)"
    }

    /// The share from which the most frequent reporter is mentioned by name.
    private static let majorityShare = 0.5
}
