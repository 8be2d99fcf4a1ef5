import BreakerAPI
import HTTPTypes
import NIOHTTP1
import Testing

@testable import BreakerHTTP

@Suite("Requests that another site's page makes through its visitor's browser")
struct CrossSiteTests {
    /// Sends one request to `host` on a connection of its own.
    private static func ask(
        _ server: TestServer,
        _ line: String,
        host: String = "127.0.0.1:7979",
        _ fields: [String] = [],
        body: String = ""
    ) async throws -> HTTPAnswer {
        try await ByteClient.run(server.port) { client in
            let own = ["host: \(host)", "content-length: \(body.utf8.count)"]
            let fields = (own + fields).map { $0 + "\r\n" }.joined()
            try client.send("\(line) HTTP/1.1\r\n\(fields)\r\n\(body)")
            return try client.readAnswer()
        }
    }

    /// An acquire that the lane decides if no field names its origin, an acquire that the router decides, and an
    /// operator's request.
    private static let orders = [
        "POST /v1/breakers/a/acquire", "POST /v1/breakers/%61/acquire", "DELETE /v1/breakers/a",
    ]

    @Test(
        "The lane and the router refuse a change that another site's page requests",
        arguments: [
            ["origin: https://evil.example"], ["Origin: null"], ["ORIGIN: http://127.0.0.1:80"],
            ["origin: http://127.0.0.1"], ["origin: http://127.0.0.1:7979.evil.example"],
            ["origin: file://127.0.0.1:7979"], ["origin: 127.0.0.1:7979"], ["origin:"],
            ["origin: http://user@127.0.0.1:7979"],
            ["origin: http://127.0.0.1:7979", "origin: http://evil.example"],
            ["origin: https://127.0.0.1:7979", "x-forwarded-proto: http"],
            ["sec-fetch-site: cross-site"], ["Sec-Fetch-Site: same-site"], ["sec-fetch-site: Same-Origin"],
            ["sec-fetch-site:"],
            ["sec-fetch-site: same-origin", "sec-fetch-site: cross-site"],
            ["origin: http://127.0.0.1:7979", "sec-fetch-site: cross-site"],
            ["origin: http://evil.example", "sec-fetch-site: same-origin"],
        ]
    )
    func refused(fields: [String]) async throws {
        try await TestServer.with { server in
            _ = try await server.acquire("a")
            for order in Self.orders + ["OPTIONS /v1/breakers/a", "POST /nowhere"] {
                try await Self.ask(server, order, fields).expectProblem(.crossSite)
            }
            for order in ["GET /v1/gate/a/probe", "PUT /v1/gate/a", "OPTIONS /v1/gate/b"] {
                let answer = try await Self.ask(server, order, fields)
                #expect(answer.status == 503, "\(order)")
                #expect(answer["breaker-state"] == nil, "\(order)")
            }
            #expect(try await server.send(.GET, "/v1/breakers/a").status == 200)
        }
    }

    @Test(
        "A change that this server's own page or the browser's user requests is accepted",
        arguments: [
            ("127.0.0.1:7979", ["origin: http://127.0.0.1:7979"]),
            ("127.0.0.1:7979", ["origin: http://127.0.0.1:7979", "sec-fetch-site: same-origin"]),
            ("localhost:7979", ["origin: http://LOCALHOST:7979"]),
            ("[::1]:7979", ["origin: http://[::1]:7979"]),
            ("localhost", ["origin: http://localhost"]), ("localhost:80", ["origin: http://localhost"]),
            ("localhost", ["origin: https://localhost", "x-forwarded-proto: https"]),
            ("localhost:443", ["origin: https://localhost"]),
            ("127.0.0.1:7979", ["sec-fetch-site: none"]), ("127.0.0.1:7979", ["cookie: a=b"]),
            ("127.0.0.1:7979", ["sec-fetch-mode: cors", "accept-language: *"]),
        ]
    )
    func own(host: String, fields: [String]) async throws {
        try await TestServer.with { server in
            for order in Self.orders {
                let answer = try await Self.ask(server, order, host: host, fields)
                #expect(answer.status == (order.hasPrefix("DELETE") ? 204 : 200), "\(order): \(answer.text)")
            }
        }
    }

    @Test(
        "A read from another site's page gets no CORS fields, so that the browser hides the answer from the page"
    )
    func looking() async throws {
        try await TestServer.with { server in
            let fields = ["origin: https://evil.example", "sec-fetch-site: cross-site"]
            let answer = try await Self.ask(server, "GET /v1/breakers", fields)
            #expect(answer.status == 200)
            #expect(answer["access-control-allow-origin"] == nil)
        }
    }

    @Test(
        "A server without tokens refuses requests of browsers and operators under an unknown host name",
        arguments: [
            ("POST /v1/breakers/a/acquire", ["origin: http://evil.example"]),
            ("DELETE /v1/breakers/a", ["origin: http://evil.example", "sec-fetch-site: same-origin"]),
            ("GET /v1/breakers", []), ("GET /v1/transitions", ["accept: */*"]),
            ("POST /v1/breakers/a/reset", ["user-agent: curl/8.0"]),
            ("GET /livez", ["sec-fetch-site: same-origin"]), ("GET /livez", ["Sec-Fetch-Dest: image"]),
            ("GET /v1/breakers/a", ["user-agent: Mozilla/5.0 (X11; Linux x86_64)"]),
            ("GET /v1/events", ["User-Agent: Mozilla/5.0", "accept: text/event-stream"]),
            ("POST /v1/breakers/a/acquire", ["user-agent: Mozilla/5.0"]),
            ("POST /v1/breakers/a/report?outcome=failure", ["REFERER: http://evil.example/"]),
            ("POST /v1/reports", ["sec-fetch-storage-access: none"]),
        ]
    )
    func rebinding(line: String, fields: [String]) async throws {
        try await TestServer.with { server in
            _ = try await server.acquire("a")
            try await Self.ask(server, line, host: "evil.example", fields).expectProblem(.unknownHost)
        }
        let (token, secret) = Token.make(name: "boss", role: .operator, prefix: "")
        try await TestServer.with(tokens: [token]) { server in
            _ = try await server.send(.PUT, "/v1/breakers/a", #"{"preset":"flaky"}"#, secret: secret)
            let shown = fields + ["authorization: Bearer \(secret)"]
            let answer = try await Self.ask(server, line, host: "evil.example", shown)
            #expect((200..<300).contains(answer.status) || line.hasPrefix("POST /v1/reports"), "\(answer.text)")
        }
    }

    @Test(
        "A gate refuses a browser's request under any host name, unless a proxy has added a field of its own",
        arguments: [
            ["origin: http://127.0.0.1:7979"], ["referer: http://127.0.0.1:7979/"],
            ["sec-fetch-site: none"], ["sec-fetch-dest: empty"], ["user-agent: Mozilla/5.0"],
            ["sec-fetch-mode: cors", "sec-fetch-site: same-origin"],
        ],
        ["127.0.0.1:7979", "shop.example"]
    )
    func gates(marks: [String], host: String) async throws {
        try await TestServer.with { server in
            for line in ["GET /v1/gate/a", "POST /v1/gate/a/probe"] {
                let refused = try await Self.ask(server, line, host: host, marks)
                #expect(refused.status == 503, "\(line)")
                #expect(refused.json["code"] == .string(ProblemCode.crossSite.rawValue))
                try await server.send(.GET, "/v1/breakers/a").expectProblem(.unknownBreaker)
            }
            for field in ["x-forwarded-for: 10.0.0.1", "Authorization: Bearer none"] {
                let answer = try await Self.ask(server, "GET /v1/gate/a", host: host, marks + [field])
                #expect(answer.status == 200, "\(field): \(answer.text)")
            }
        }
    }

    @Test(
        "A server without tokens accepts only addresses, local or internal host names, and names from its settings",
        arguments: [
            ("fusebox:7979", true), ("FUSEBOX", true), ("localhost", true), ("localhost.", true),
            ("10.1.2.3:7979", true),
            ("[fe80::1]:7979", true), ("host.docker.internal", true), ("nas.local:80", true), ("a.localhost", true),
            ("fusebox.svc.cluster.local", true), ("", true), ("evil.example", false), ("evil.example.", false),
            ("127.0.0.1.evil.example:7979", false), ("1.2.3.256", false), ("local.example", false),
            ("[::1].evil.com", false), ("x@evil.com", false), ("evil.example@localhost", false), ("-0.1.2.3", false),
            ("1.2.3.4.5", false), ("[fe80::1%eth0]", true), ("[evil.com]", false), ("named.example:7979", true),
            ("NAMED.example.", true), ("x.named.example", false),
        ]
    )
    func hosts(host: String, isKnown: Bool) {
        let gatekeeper = Gatekeeper(tokens: nil, hosts: ["Named.example"])
        let request = HTTPRequest(method: .get, scheme: "http", authority: host, path: "/v1/breakers")
        #expect(((try? gatekeeper.requireKnownHost(request)) != nil) == isKnown)
    }

    @Test(
        "A server on the loopback interface accepts only the machine's own host names and those in its settings",
        arguments: [
            ("localhost:7979", true), ("LOCALHOST.", true), ("a.localhost", true), ("127.0.0.1", true),
            ("127.1.2.3:80", true), ("[::1]:7979", true), ("named.example", true), ("fusebox", false),
            ("fusebox.local", false), ("fusebox.internal", false), ("10.1.2.3", false), ("128.0.0.1", false),
            ("[fe80::1]", false), ("[::1%lo]", false), ("localhost.example", false), ("127.0.0.1.example", false),
        ]
    )
    func loopback(host: String, isKnown: Bool) {
        let gatekeeper = Gatekeeper(tokens: nil, hosts: ["named.example"], isLoopback: true)
        let request = HTTPRequest(method: .get, scheme: "http", authority: host, path: "/v1/breakers")
        #expect(((try? gatekeeper.requireKnownHost(request)) != nil) == isKnown)
    }

    @Test(
        "Requests of workers and health checks are accepted under any host name",
        arguments: [
            ["user-agent: worker/1.0"],
            // The fields that `fetch` in Node.js 24 sends.
            [
                "connection: keep-alive", "accept: */*", "accept-language: *", "sec-fetch-mode: cors",
                "user-agent: node", "accept-encoding: gzip, deflate",
            ],
        ]
    )
    func workers(fields: [String]) async throws {
        try await TestServer.with { server in
            for line in [
                "POST /v1/breakers/a/acquire", "POST /v1/breakers/%61/report?outcome=success", "GET /v1/breakers/a",
                "POST /v1/reports", "GET /v1/events", "GET /v1/gate/a", "GET /v1/gate/a/probe", "GET /livez",
            ] {
                let answer = try await Self.ask(
                    server,
                    line,
                    host: "fusebox.example.com",
                    fields,
                    body: line == "POST /v1/reports" ? #"{"reports":[{"name":"a","outcome":"success"}]}"# : ""
                )
                #expect(answer.status == 200, "\(line)")
            }
        }
    }
}
