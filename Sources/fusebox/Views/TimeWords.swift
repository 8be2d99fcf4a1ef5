import BreakerCore
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
