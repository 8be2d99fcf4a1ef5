import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import TestSupport
import Testing

@testable import fusebox

extension ProcessTests.TLSTests {
    @Test(
        "With a client CA the server accepts only clients with a certificate of that authority",
        .timeLimit(.minutes(2))
    )
    func clientCertificates() async throws {
        let server = try await start(["--tls-client-ca", authority.path])
        defer { server.child.kill() }
        let worker = try authority.issue("checkout")
        let foreign = try TestAuthority("other", in: folder).issue("stranger")
        func status(_ own: (certificate: String, key: String)?) async throws -> UInt {
            let files = ClientTLS(
                caFile: authority.path,
                certificateFile: own?.certificate,
                keyFile: own?.key
            )
            return try await withClient(files) { try await get(server.url + "/livez", by: $0).status }
        }
        #expect(try await status(worker) == 200)
        for refused in [nil, foreign] {
            await #expect(throws: (any Error).self) { try await status(refused) }
        }
        let health = try await Program.fusebox.run(
            ["health", "--url", server.url],
            environment: [
                "FUSEBOX_CA_FILE": authority.path, "FUSEBOX_CERT_FILE": worker.certificate,
                "FUSEBOX_KEY_FILE": worker.key,
            ]
        )
        #expect(health.code == 0, "\(health)")
    }

    @Test(
        "A refused client certificate is counted and logged with its address, a refused server certificate is not",
        .timeLimit(.minutes(2))
    )
    func refusedCertificates() async throws {
        let server = try await start(["--tls-client-ca", authority.path])
        defer { server.child.kill() }
        let worker = try authority.issue("checkout")
        let other = try TestAuthority("other", in: folder)
        let stranger = try other.issue("stranger")
        func page(_ own: (certificate: String, key: String)?, trusting caFile: String) async throws -> String {
            let files = ClientTLS(caFile: caFile, certificateFile: own?.certificate, keyFile: own?.key)
            return try await withClient(files) { try await get(server.url + "/metrics", by: $0).body }
        }
        func count() async throws -> Double {
            let metric = #"fusebox_authentication_failures_total{reason="refused_certificate"} "#
            let lines = try await page(worker, trusting: authority.path).split(separator: "\n")
            let line = try #require(lines.first { $0.hasPrefix(metric) })
            return try #require(Double(line.dropFirst(metric.count)))
        }
        await #expect(throws: (any Error).self) { try await page(worker, trusting: other.path) }
        #expect(try await count() == 0)
        #expect(!server.log.contains("refused_certificate"), "\(server.log)")
        for refused in [nil, stranger] {
            let before = try await count()
            await #expect(throws: (any Error).self) { try await page(refused, trusting: authority.path) }
            try await eventually("the refused certificate is counted") { try await count() > before }
        }
        try await eventually("the log has the refusal") {
            server.log.contains("address=127.0.0.1 reason=refused_certificate")
        }
    }

    @Test("A client certificate authenticates as the token of its name", .timeLimit(.minutes(2)))
    func certificateToken() async throws {
        let tokens = folder.path("tokens")
        let secret = try await newToken("ops")
        func write(_ lines: String) throws { try Data(lines.utf8).write(to: URL(fileURLWithPath: tokens)) }
        try write("checkout worker pay certificate\n" + secret.line)
        let server = try await start(["--tls-client-ca", authority.path, "--tokens", tokens])
        defer { server.child.kill() }
        func client<Value>(_ name: String, _ body: (HTTPClient) async throws -> Value) async throws -> Value {
            let own = try authority.issue(name)
            let files = ClientTLS(caFile: authority.path, certificateFile: own.certificate, keyFile: own.key)
            return try await withClient(files, body)
        }
        func status(
            _ method: HTTPMethod,
            _ path: String,
            by http: HTTPClient,
            secret: String? = nil
        ) async throws -> UInt {
            var request = HTTPClientRequest(url: server.url + path)
            request.method = method
            if let secret { request.headers.add(name: "authorization", value: "Bearer \(secret)") }
            return try await http.execute(request, timeout: .seconds(10)).status.code
        }
        try await client("checkout") { http in
            // These requests go to the lane, the router and a stream.
            #expect(try await status(.POST, "/v1/breakers/payments/acquire", by: http) == 200)
            #expect(try await status(.GET, "/v1/breakers/payments", by: http) == 200)
            #expect(try await status(.GET, "/v1/events", by: http) == 200)
            #expect(try await status(.POST, "/v1/breakers/search/acquire", by: http) == 403)
            #expect(try await status(.GET, "/v1/breakers", by: http) == 403)
            // A secret, valid or not, takes precedence over the certificate.
            #expect(try await status(.GET, "/v1/breakers", by: http, secret: secret.secret) == 200)
            #expect(try await status(.POST, "/v1/breakers/payments/acquire", by: http, secret: "fbx_0") == 401)

            try write(secret.line)
            server.child.signal(SIGHUP)
            try await eventually("the token is gone") {
                try await status(.POST, "/v1/breakers/payments/acquire", by: http) == 401
            }
            #expect(try await status(.GET, "/v1/breakers/payments", by: http) == 401)
        }
        for name in ["billing", "ops"] {
            let found = try await client(name) { try await status(.GET, "/v1/breakers", by: $0) }
            #expect(found == 401, "\(name)")
        }
    }

    @Test(
        "A token with a certificate requires a client CA, and the token command prints its line",
        .timeLimit(.minutes(2))
    )
    func certificateLine() async throws {
        let made = try await Program.fusebox.run(
            ["token", "new", "--name", "checkout", "--role", "worker", "--certificate"],
            environment: [:]
        )
        #expect(made.output == "line for the tokens file: checkout worker certificate\n", "\(made)")
        let tokens = folder.path("tokens")
        try Data("checkout worker certificate\n".utf8).write(to: URL(fileURLWithPath: tokens))
        let start = try await Program.fusebox.run(
            [
                "serve", "--listen", "127.0.0.1:0", "--db", folder.path("fusebox.db"), "--tokens", tokens,
                "--tls-cert", own.certificate, "--tls-key", own.key,
            ],
            environment: [:]
        )
        #expect(
            start.code == 1 && start.errors.contains("\(tokens):1: a token with a certificate requires tls_client_ca"),
            "\(start)"
        )
    }
}
