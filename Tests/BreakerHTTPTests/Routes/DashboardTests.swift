import BreakerAPI
import EmbeddedFiles
import Foundation
import NIOHTTP1
import Testing

@testable import BreakerHTTP

@Suite("The dashboard is embedded in the program")
struct DashboardTests {
    private static let folder = Repository.file("Sources/Dashboard")

    private static func names() throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { !$0.hasPrefix(".") }.sorted()
    }

    @Test("The program contains every file of the dashboard's folder unchanged")
    func embedded() throws {
        #expect(EmbeddedFiles.dashboard.map(\.name).sorted() == (try Self.names()))
        for file in EmbeddedFiles.dashboard {
            let source = try Data(contentsOf: Self.folder.appendingPathComponent(file.name))
            #expect(source == Data(file.bytes), "\(file.name)")
        }
    }

    @Test("The dashboard is served without a token, with a content type, an ETag and a strict content security policy")
    func served() async throws {
        let token = Token.make(name: "boss", role: .operator, prefix: "").token
        let types = ["html": "text/html", "js": "text/javascript", "css": "text/css", "svg": "image/svg+xml"]
        try await TestServer.with(tokens: [token]) { server in
            for name in try Self.names() {
                let path = name == "index.html" ? "/" : "/dashboard/\(name)"
                let answer = try await server.send(.GET, path)
                #expect(answer.status == 200, "\(name)")
                let type = try #require(types[String(name.split(separator: ".")[1])])
                #expect(answer["content-type"]?.hasPrefix(type) == true, "\(name)")
                #expect(answer["x-content-type-options"] == "nosniff")
                #expect(answer["referrer-policy"] == "no-referrer")
                #expect(answer["cache-control"] == "no-cache")
                let policy = try #require(answer["content-security-policy"])
                for rule in ["default-src 'self'", "base-uri 'none'", "form-action 'self'", "frame-ancestors 'none'"] {
                    #expect(policy.contains(rule))
                }
                #expect(!policy.contains("unsafe"))
                #expect(answer.body == Array(try Data(contentsOf: Self.folder.appendingPathComponent(name))))
            }
        }
    }

    @Test("A dashboard file that the browser already has is answered with 304 and no body")
    func tags() async throws {
        try await TestServer.with { server in
            let tag = try #require(try await server.send(.GET, "/dashboard/app.js")["etag"])
            #expect(try await server.send(.GET, "/")["etag"] != tag)
            for known in [tag, "W/\(tag)", "\"other\", \(tag)", "*"] {
                let answer = try await server.send(.GET, "/dashboard/app.js", fields: [("if-none-match", known)])
                #expect(answer.status == 304)
                #expect(answer.body.isEmpty)
                #expect(answer["etag"] == tag)
            }
            let other = [("if-none-match", "\"other\"")]
            #expect(try await server.send(.GET, "/dashboard/app.js", fields: other).status == 200)
        }
    }

    @Test(
        "A path that is not a file of the dashboard is a 404",
        arguments: [
            "/dashboard", "/dashboard/", "/dashboard/index.html", "/dashboard/x.js", "/dashboard/../openapi.yaml",
            "/dashboard/%2e%2e%2fapp.js", "/dashboard//app.js", "/index.html", "/dashboard/js/app.js",
        ]
    )
    func nothingElse(path: String) async throws {
        try await TestServer.with { server in
            try await ByteClient.run(server.port) { client in
                try client.send("GET \(path) HTTP/1.1\r\nhost: localhost\r\n\r\n")
                try client.readAnswer().expectProblem(.notFound)
            }
        }
    }

    @Test(
        "The dashboard's files contain nothing that its content security policy or a path prefix would break",
        arguments: ["<script>", " style=", "javascript:", "http://", "https://", "=\"/", "innerHTML", "eval(", " on"]
    )
    func written(part: String) throws {
        for file in EmbeddedFiles.dashboard where file.name.hasSuffix(".html") {
            #expect(!String(decoding: file.bytes, as: UTF8.self).contains(part), "\(file.name)")
        }
        for file in EmbeddedFiles.dashboard where file.name.hasSuffix(".js") && part != " on" && part != "http://" {
            #expect(!String(decoding: file.bytes, as: UTF8.self).contains(part), "\(file.name)")
        }
    }
}
