import Foundation
import Testing

@testable import BreakerHTTP

@Suite("Dates in the HTTP format")
struct HTTPDateTests {
    @Test(
        "A date is written as in RFC 9110, across leap days and the ends of years",
        arguments: [
            (784_111_777, "Sun, 06 Nov 1994 08:49:37 GMT"), (0, "Thu, 01 Jan 1970 00:00:00 GMT"),
            (951_782_399, "Mon, 28 Feb 2000 23:59:59 GMT"), (951_782_400, "Tue, 29 Feb 2000 00:00:00 GMT"),
            (1_798_761_599, "Thu, 31 Dec 2026 23:59:59 GMT"), (-1, "Wed, 31 Dec 1969 23:59:59 GMT"),
        ] as [(Int64, String)]
    )
    func text(second: Int64, text: String) {
        var date = HTTPDate()
        #expect(date.text(at: second) == text)
        #expect(date.text(at: second) == text, "the second time it is remembered")
        #expect(date.text(at: second + 60) != text)
    }

    @Test("The date is the current one")
    func now() {
        #expect(abs(Double(HTTPDate.now()) - Date().timeIntervalSince1970) < 5)
    }
}
