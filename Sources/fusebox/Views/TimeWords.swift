import BreakerCore
import BreakerText
import Foundation

extension Instant {
    /// The present time of this machine.
    static func now() -> Instant {
        Instant(milliseconds: Int64((Date().timeIntervalSince1970 * 1_000).rounded(.down)))
    }
}

/// How long ago an instant was. An instant in the future, from a clock slightly ahead of this one, counts as the
/// present.
func age(of instant: Instant, at now: Instant) -> String {
    LengthText.elapsed(ms: instant.milliseconds(until: now))
}

/// The time until an instant.
func remaining(until instant: Instant, at now: Instant) -> String {
    LengthText.remaining(ms: now.milliseconds(until: instant))
}

enum TimestampText {
    /// "2026-11-24 15:50:31Z".
    static func seconds(_ instant: Instant) -> String {
        let text = instant.timestamp
        return "\(text.prefix(10)) \(text.dropFirst(11).prefix(8))Z"
    }
}

/// How long a call took: "350 ms", "2.5 s", "48 s", "3 min".
func took(ms: Int64) -> String {
    guard ms >= 1_000 else { return "\(max(0, ms)) ms" }
    guard ms < 10_000 else { return LengthText.elapsed(ms: ms) }
    return "\(NumberText.plain(Double(ms / 100) / 10)) s"
}

/// Durations in short notation: `90s`, `30m`, `2h`, `1d`.
enum DurationText {
    private static let units: [(name: String, ms: Int64)] = [
        ("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1),
    ]

    /// The exact duration, in as many units as necessary: `1h30m`, `1500ms`.
    static func exact(ms: Int64) -> String {
        guard ms > 0 else { return "\(ms)ms" }
        guard ms % 1_000 == 0 else { return "\(ms)ms" }
        var (text, rest) = ("", ms)
        for unit in units where rest >= unit.ms {
            text += "\(rest / unit.ms)\(unit.name)"
            rest %= unit.ms
        }
        return text
    }

    /// - Returns: milliseconds; `nil` if `text` is not a duration.
    static func parse(_ text: String) -> Int64? {
        var (sum, rest): (Int64, Substring) = (0, text[...])
        guard !rest.isEmpty else { return nil }
        while !rest.isEmpty {
            let digits = rest.prefix { $0.isASCII && $0.isNumber }
            rest = rest.dropFirst(digits.count)
            let letters = rest.prefix { $0.isLetter }
            rest = rest.dropFirst(letters.count)
            guard let count = Int64(digits), let unit = units.first(where: { $0.name == letters }) else { return nil }
            let (product, isTooLarge) = count.multipliedReportingOverflow(by: unit.ms)
            let (total, overflows) = sum.addingReportingOverflow(product)
            guard !isTooLarge, !overflows else { return nil }
            sum = total
        }
        return sum
    }
}
