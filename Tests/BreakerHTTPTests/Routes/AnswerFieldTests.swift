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
