import BreakerCore
import Platform

/// The `date` of an answer, made at most once a second: `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110, section 5.6.7).
struct HTTPDate {
    private var second = Int64.min
    private var text = ""

    /// - Parameter second: seconds since the Unix epoch.
    mutating func text(at second: Int64) -> String {
        if second != self.second {
            self.second = second
            text = Self.text(of: second)
        }
        return text
    }

    /// The present time of the wall clock, in seconds since the Unix epoch.
    static func now() -> Int64 { Int64(time(nil)) }

    private static func text(of second: Int64) -> String {
        let (days, rest) = CivilDate.divide(second, by: 86_400)
        let date = CivilDate(daysSinceEpoch: days)
        func digits(_ value: Int64) -> String { CivilDate.digits(value, 2) }
        return "\(weekdays[date.weekday]), \(digits(date.day)) \(months[Int(date.month) - 1]) "
            + "\(CivilDate.digits(date.year, 4)) "
            + "\(digits(rest / 3_600)):\(digits(rest / 60 % 60)):\(digits(rest % 60)) GMT"
    }

    private static let weekdays = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]
}
