import BreakerText
import Foundation

/// How long ago an instant was. An instant in the future, from a clock slightly ahead of this one, counts as the
/// present.
func age(of instant: Date, at now: Date) -> String {
    LengthText.elapsed(ms: milliseconds(now.timeIntervalSince(instant)))
}

/// The time until an instant.
func remaining(until instant: Date, at now: Date) -> String {
    LengthText.remaining(ms: milliseconds(instant.timeIntervalSince(now)))
}

private func milliseconds(_ interval: TimeInterval) -> Int64 { Int64((interval * 1_000).rounded()) }

enum TimestampText {
    /// "2026-11-24 15:50:31Z".
    static func seconds(_ instant: Date) -> String {
        instant.formatted(Date.ISO8601FormatStyle(dateTimeSeparator: .space))
    }
}

/// How long a call took: "350 ms", "2.5 s", "48 s", "3 min".
func took(ms: Int64) -> String {
    guard ms >= 1_000 else { return "\(max(0, ms)) ms" }
    guard ms < 10_000 else { return LengthText.elapsed(ms: ms) }
    return "\(NumberText.plain(Double(ms / 100) / 10)) s"
}
