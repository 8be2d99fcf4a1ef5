import BreakerCore
import Foundation
import NIOHTTP1

extension OperatorClient.Reply {
    /// The server's current time. This is the time of this machine if the two clocks differ by at most 2 s, because the
    /// server sends whole seconds.
    var now: Instant {
        let own = Instant.now()
        guard let text = headers.first(name: "date"), let date = Self.httpDate.date(from: text) else { return own }
        let server = Instant(milliseconds: Int64(date.timeIntervalSince1970) * 1_000)
        return abs(own.milliseconds(until: server)) > 2_000 ? server : own
    }

    private static var httpDate: DateFormatter {
        let format = DateFormatter()
        format.locale = Locale(identifier: "en_US_POSIX")
        format.timeZone = TimeZone(identifier: "GMT")
        format.dateFormat = "EEE, dd MMM yyyy HH:mm:ss 'GMT'"
        return format
    }
}
