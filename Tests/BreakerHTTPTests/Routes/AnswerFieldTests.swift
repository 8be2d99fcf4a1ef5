import HTTPTypes
import NIOHTTP1
import Testing

@testable import BreakerHTTP

@Suite("Fields that every answer has")
struct AnswerFieldTests {
    @Test(
        "No browser guesses what an answer is, and none but the dashboard's files are kept",
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
