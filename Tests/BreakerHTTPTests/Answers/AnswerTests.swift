import Foundation
import HTTPTypes
import NIOHTTP1
import Testing

@testable import BreakerHTTP

@Suite("Header fields that every response has")
struct AnswerFieldTests {
    @Test(
        "Every response has nosniff and a Cache-Control of no-store, or no-cache for the dashboard's files",
        arguments: [
            (.GET, "/v1/breakers", "no-store"), (.GET, "/v1/breakers/a", "no-store"),
            (.GET, "/v1/breakers/a/failures", "no-store"), (.GET, "/v1/transitions", "no-store"),
            (.GET, "/v1/session", "no-store"), (.DELETE, "/v1/session", "no-store"),
            (.POST, "/v1/breakers/a/acquire", "no-store"), (.POST, "/v1/breakers/%61/acquire", "no-store"),
            (.GET, "/v1/gate/a", "no-store"), (.GET, "/metrics", "no-store"), (.GET, "/nowhere", "no-store"),
            (.GET, "/", "no-cache"), (.GET, "/dashboard/app.js", "no-cache"),
        ] as [(HTTPMethod, String, String)]
    )
    func fields(method: HTTPMethod, path: String, cacheControl: String) async throws {
        try await TestServer.with { server in
            _ = try await server.acquire("a")
            let answer = try await server.send(method, path)
            #expect(answer["x-content-type-options"] == "nosniff")
            #expect(answer["cache-control"] == cacheControl)
        }
    }
}

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
