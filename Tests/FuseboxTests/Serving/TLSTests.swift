import AsyncHTTPClient
import BreakerAPI
import BreakerClient
import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import TestSupport
import Testing

@testable import fusebox

extension ProcessTests {
    @Suite("TLS")
    final class TLSTests {
        let folder: TemporaryFolder
        let authority: TestAuthority
        let own: (certificate: String, key: String)

        init() throws {
            folder = try TemporaryFolder()
            authority = try TestAuthority(in: folder)
            own = try authority.issue("fusebox")
        }

        func start(_ options: [String] = []) async throws -> ServerProcess {
            try await ServerProcess.start(
                database: folder.path("fusebox.db"),
                options: ["--tls-cert", own.certificate, "--tls-key", own.key] + options
            )
        }

        /// Runs `body` with an HTTPS client.
        func withClient<Value>(
            _ files: ClientTLS,
            from lowest: TLSVersion = .tlsv12,
            to highest: TLSVersion = .tlsv13,
            _ body: (HTTPClient) async throws -> Value
        ) async throws -> Value {
            var configuration = FuseboxClient.httpConfiguration
            var tls = try #require(try files.configuration())
            (tls.minimumTLSVersion, tls.maximumTLSVersion) = (lowest, highest)
            configuration.tlsConfiguration = tls
            let client = HTTPClient(configuration: configuration)
            do {
                let value = try await body(client)
                try await client.shutdown()
                return value
            } catch {
                try await client.shutdown()
                throw error
            }
        }

        func get(_ url: String, by client: HTTPClient) async throws -> (status: UInt, body: String) {
            let response = try await client.execute(HTTPClientRequest(url: url), timeout: .seconds(10))
            return (response.status.code, String(buffer: try await response.body.collect(upTo: 64 << 20)))
        }

        @Test("A worker acquires and reports over HTTPS, and a command lists the breaker", .timeLimit(.minutes(2)))
        func worker() async throws {
            let server = try await start()
            defer { server.child.kill() }
            #expect(server.url.hasPrefix("https://127.0.0.1:"))
            try await withClient(ClientTLS(caFile: authority.path)) { http in
                let client = FuseboxClient(url: server.url, http: http)
                for _ in 0..<5 {
                    let permit = try await client.acquire("payments").permit
                    #expect(try await client.report("failure", to: "payments", permit: permit).applied)
                }
                #expect(try await client.acquire("payments").allowed == false)
            }
            let shown = try await Program.fusebox.run(
                ["list", "--url", server.url, "--ca-file", authority.path],
                environment: [:]
            )
            #expect(shown.code == 0 && shown.output.contains("payments"), "\(shown)")
            let stranger = try await Program.fusebox.run(["list", "--url", server.url], environment: [:])
            #expect(stranger.code == 1 && stranger.errors.contains("name its authority with --ca-file"), "\(stranger)")
        }

        @Test(
            "A slow client gets a large answer whole before the connection closes",
            .timeLimit(.minutes(2))
        )
        func slowReader() async throws {
            let server = try await start()
            defer { server.child.kill() }
            try await withClient(ClientTLS(caFile: authority.path)) { http in
                let client = FuseboxClient(url: server.url, http: http)
                for index in 0..<300 { _ = try await client.acquire("breaker-\(index)") }
                var request = HTTPClientRequest(url: server.url + "/v1/breakers?page_size=1000")
                request.headers.add(name: "connection", value: "close")
                let response = try await http.execute(request, timeout: .seconds(60))
                var body = Data()
                for try await piece in response.body {
                    body.append(contentsOf: piece.readableBytesView)
                    await Task.yield()
                }
                let page = try #require(try JSONSerialization.jsonObject(with: body) as? [String: Any])
                #expect((page["breakers"] as? [Any])?.count == 300)
            }
        }

        @Test(
            "A client that ends its side without a TLS message still gets the answer that it waits for",
            .timeLimit(.minutes(2)),
            arguments: ["", "garbage\r\n\r\n"]
        )
        func unannouncedEnd(rest: String) async throws {
            let server = try await start()
            defer { server.child.kill() }
            let port = try #require(URL(string: server.url)?.port)
            let tls = try NIOSSLContext(
                configuration: try #require(try ClientTLS(caFile: authority.path).configuration())
            )
            let report = "POST /v1/breakers/a/report?outcome=success HTTP/1.1\r\nhost: x\r\n\r\n"
            for _ in 1...20 {
                let answers = try await Self.answers(to: report + rest, port: port, tls)
                #expect(answers.hasPrefix("HTTP/1.1 200"), "\(answers)")
                #expect(answers.contains("HTTP/1.1 400") == !rest.isEmpty, "\(answers)")
            }
        }

        /// Sends `text` over TLS, ends the sending side of the TCP connection without a TLS message, and reads to the
        /// end.
        private static func answers(to text: String, port: Int, _ tls: NIOSSLContext) async throws -> String {
            let loop = MultiThreadedEventLoopGroup.singleton.next()
            let end = loop.makePromise(of: String.self)
            let channel = try await ClientBootstrap(group: loop)
                .channelOption(.allowRemoteHalfClosure, value: true)
                .channelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        let handler = try NIOSSLClientHandler(context: tls, serverHostname: nil)
                        try channel.pipeline.syncOperations.addHandler(handler)
                        try channel.pipeline.syncOperations.addHandler(AnswerCollector(end))
                    }
                }
                .connect(host: "127.0.0.1", port: port).get()
            try await channel.writeAndFlush(ByteBuffer(string: text)).get()
            try await loop.submit {
                // There is none if the server has ended the connection by then.
                let context = try? channel.pipeline.syncOperations.context(handlerType: NIOSSLClientHandler.self)
                context?.close(mode: .output, promise: nil)
            }.get()
            return try await end.futureResult.get()
        }

        /// Collects the bytes that a server sends until it ends the connection.
        private final class AnswerCollector: ChannelInboundHandler {
            typealias InboundIn = ByteBuffer

            private var text = ""
            private let end: EventLoopPromise<String>

            init(_ end: EventLoopPromise<String>) { self.end = end }

            func channelRead(context: ChannelHandlerContext, data: NIOAny) {
                text += String(buffer: unwrapInboundIn(data))
            }

            func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
                if case ChannelEvent.inputClosed? = event as? ChannelEvent { context.close(promise: nil) }
            }

            func channelInactive(context: ChannelHandlerContext) { end.succeed(text) }

            func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
        }

        @Test("TLS 1.1 is refused, and TLS 1.2 and 1.3 are accepted", .timeLimit(.minutes(2)))
        func versions() async throws {
            let server = try await start()
            defer { server.child.kill() }
            let files = ClientTLS(caFile: authority.path)
            for version in [TLSVersion.tlsv12, .tlsv13] {
                let answer = try await withClient(files, from: version, to: version) {
                    try await get(server.url + "/livez", by: $0)
                }
                #expect(answer.status == 200, "\(version)")
            }
            await #expect(throws: (any Error).self) {
                try await withClient(files, from: .tlsv1, to: .tlsv11) {
                    try await get(server.url + "/livez", by: $0)
                }
            }
        }

        @Test(
            "A health check in the server's own environment does not need a trusted certificate",
            .timeLimit(.minutes(2))
        )
        func health() async throws {
            let server = try await start()
            defer { server.child.kill() }
            let address = server.url.replacing("https://", with: "")
            let environment = ["FUSEBOX_LISTEN": address, "FUSEBOX_TLS_CERT": own.certificate]
            let health = try await Program.fusebox.run(["health"], environment: environment)
            #expect(health.code == 0, "\(health)")
            let other = try await Program.fusebox.run(["list"], environment: environment)
            #expect(other.code == 1 && other.errors.contains("name its authority with --ca-file"), "\(other)")
        }

        @Test(
            "SIGHUP reads the certificate again, and an invalid file leaves the old one in use",
            .timeLimit(.minutes(2))
        )
        func reload() async throws {
            let server = try await start()
            defer { server.child.kill() }
            let later = try TestAuthority("later", in: folder)
            func isTrusted(_ authority: TestAuthority) async -> Bool {
                let answer = try? await withClient(ClientTLS(caFile: authority.path)) {
                    try await get(server.url + "/livez", by: $0)
                }
                return answer?.status == 200
            }
            #expect(await isTrusted(authority))
            #expect(await isTrusted(later) == false)
            let renewed = try later.issue("renewed")
            for (new, old) in [(renewed.certificate, own.certificate), (renewed.key, own.key)] {
                try Data(contentsOf: URL(fileURLWithPath: new)).write(to: URL(fileURLWithPath: old))
            }
            server.child.signal(SIGHUP)
            try await eventually("the new certificate is in use") { await isTrusted(later) }

            try Data("nonsense".utf8).write(to: URL(fileURLWithPath: own.certificate))
            server.child.signal(SIGHUP)
            try await eventually("the log has the fault") { server.log.contains("Cannot reload the certificates") }
            #expect(server.log.contains("\(own.certificate) cannot be read as a certificate"), "\(server.log)")
            #expect(await isTrusted(later))
            try await server.stop()
            #expect(server.child.exitCode == 0)
        }

        @Test(
            "A server warns if tokens are sent unencrypted beyond this machine",
            .timeLimit(.minutes(2)),
            arguments: [("0.0.0.0:0", false, true), ("0.0.0.0:0", true, false), ("127.0.0.1:0", false, false)]
        )
        func warning(listen: String, isSecure: Bool, isExpected: Bool) async throws {
            let tokens = folder.path("tokens")
            try Data(try await newToken("ops").line.utf8).write(to: URL(fileURLWithPath: tokens))
            let tls = isSecure ? ["--tls-cert", own.certificate, "--tls-key", own.key] : []
            let server = try await ServerProcess.start(
                database: folder.path("fusebox.db"),
                listen: listen,
                options: ["--tokens", tokens] + tls
            )
            try await server.stop()
            #expect(server.log.contains("Tokens are sent unencrypted") == isExpected, "\(server.log)")
        }

        @Test("A start with incomplete, missing or mismatched TLS files fails with an error that names them")
        func faultyFiles() async throws {
            let other = try authority.issue("other")
            let table: [([String], String)] = [
                (["--tls-cert", own.certificate], "TLS needs both tls_cert and tls_key"),
                (["--tls-client-ca", authority.path], "TLS needs both tls_cert and tls_key"),
                (["--tls-cert", own.certificate, "--tls-key", other.key], "\(other.key) is not the key of"),
                (["--tls-cert", folder.path("none"), "--tls-key", own.key], "\(folder.path("none")) cannot be read"),
            ]
            for (options, expected) in table {
                let database = folder.path("fusebox.db")
                let result = try await Program.fusebox.run(
                    ["serve", "--listen", "127.0.0.1:0", "--db", database] + options,
                    environment: [:]
                )
                #expect(result.code == 1 && result.errors.contains(expected), "\(result)")
                #expect(!FileManager.default.fileExists(atPath: database))
            }
        }
    }
}
