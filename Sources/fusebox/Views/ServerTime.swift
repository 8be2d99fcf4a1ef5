import Foundation
import NIOHTTP1

extension OperatorClient.Reply {
    /// The server's current time. This is the time of this machine if the two clocks differ by at most 2 s, because the
    /// server sends whole seconds.
    var now: Date {
        let own = Date()
        guard let text = headers.first(name: "date"), let server = Self.httpDate.date(from: text),
            abs(own.timeIntervalSince(server)) > 2
        else { return own }
        return server
    }

    private static var httpDate: DateFormatter {
        let format = DateFormatter()
        format.locale = Locale(identifier: "en_US_POSIX")
        format.timeZone = TimeZone(identifier: "GMT")
        format.dateFormat = "EEE, dd MMM yyyy HH:mm:ss 'GMT'"
        return format
    }
}
