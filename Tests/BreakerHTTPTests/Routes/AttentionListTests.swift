import BreakerAPI
import NIOHTTP1
import Testing

@testable import BreakerHTTP

@Suite("Breakers listed by how urgently they need an operator")
struct AttentionListTests {
    /// In the order of attention: `z` is overridden, `y` open, `x` half open; the rest are closed with 4, 2, 0 and 0
    /// failures.
    private static let order = ["z", "y", "x", "w4", "v2", "t0", "u0"]

    private static func furnish(_ server: TestServer) async throws {
        for name in order { _ = try await server.acquire(name) }
        for name in ["y", "x"] { try await server.trip(name) }
        _ = try await server.send(.POST, "/v1/breakers/x/reset?to=half_open")
        _ = try await server.send(.PUT, "/v1/breakers/z/override", #"{"mode":"force_closed","reason":"a test"}"#)
        for (name, failures) in [("w4", 4), ("v2", 2)] {
            for _ in 1...failures { _ = try await server.report(name, "outcome=failure") }
        }
    }

    @Test(
        "Pages sorted by attention list each breaker once: overridden, open, half open, then the nearest to tripping",
        arguments: 1...8
    )
    func walk(pageSize: Int) async throws {
        try await TestServer.with { server in
            try await Self.furnish(server)
            var (names, token): ([String], String) = ([], "")
            repeat {
                let path = "/v1/breakers?sort=attention&page_size=\(pageSize)&page_token=\(token)"
                let answer = try await server.send(.GET, path)
                names += answer.names
                token = answer.nextPageToken
            } while token != "" && names.count < 100
            #expect(names == Self.order)
        }
    }

    @Test("The attention list continues after a breaker that exceeds the smallest possible rate threshold infinitely")
    func leastThreshold() async throws {
        try await TestServer.with { server in
            let policy = #"{"policy":{"failure_threshold":null,"failure_rate_threshold":5e-324,"minimum_calls":10}}"#
            for name in ["a", "b"] {
                #expect(try await server.send(.PUT, "/v1/breakers/\(name)", policy).status == 201)
                _ = try await server.report(name, "outcome=failure")
            }
            let path = "/v1/breakers?sort=attention&page_size=1"
            let first = try await server.send(.GET, path)
            #expect(first.names == ["a"])
            let second = try await server.send(.GET, "\(path)&page_token=\(first.nextPageToken)")
            #expect(second.names == ["b"], "\(second.text)")
        }
    }

    @Test(
        "The first two pages of 1 000 breakers hold the first breakers in the order of attention",
        arguments: [10, 100, 999]
    )
    func many(pageSize: Int) async throws {
        try await TestServer.with { server in
            let names = try await server.create(1_000)
            let failing = stride(from: 999, to: 0, by: -37).map { names[$0] }
            let items = failing.map { #"{"name":"\#($0)","outcome":"failure"}"# }.joined(separator: ",")
            _ = try await server.send(.POST, "/v1/reports", #"{"reports":[\#(items)]}"#)
            let expected = failing.sorted() + names.filter { !failing.contains($0) }
            let path = "/v1/breakers?sort=attention&page_size=\(pageSize)"
            let first = try await server.send(.GET, path)
            #expect(first.names == Array(expected.prefix(pageSize)))
            let second = try await server.send(.GET, "\(path)&page_token=\(first.nextPageToken)")
            #expect(second.names == Array(expected.dropFirst(pageSize).prefix(pageSize)))
        }
    }

    @Test("The counts of a list depend on its prefix, and on no other filter")
    func counts() async throws {
        try await TestServer.with { server in
            try await Self.furnish(server)
            for query in ["", "?state=open", "?q=w", "?page_size=1", "?sort=attention&override=any"] {
                let counts = try await server.send(.GET, "/v1/breakers\(query)").json["counts"]
                #expect(counts == ["total": 7, "closed": 5, "open": 1, "half_open": 1, "overridden": 1], "\(query)")
            }
            let some = try await server.send(.GET, "/v1/breakers?prefix=y").json["counts"]
            #expect(some == ["total": 1, "closed": 0, "open": 1, "half_open": 0, "overridden": 0])
        }
    }

    @Test(
        "A filter finds breakers far down the list, and the counts still include all breakers",
        arguments: ["name", "attention"]
    )
    func farDown(sort: String) async throws {
        try await TestServer.with { server in
            let names = try await server.create(1_200)
            for name in [names[499], names[500], names[1_199]] {
                let answer = try await server.send(.GET, "/v1/breakers?sort=\(sort)&q=\(name)")
                #expect(answer.names == [name])
                #expect(answer.json["counts"]?["total"] == 1_200)
            }
        }
    }

    @Test("Only the first page of a list has counts", arguments: ["name", "attention"])
    func countsOfFirstPage(sort: String) async throws {
        try await TestServer.with { server in
            try await server.create(3)
            let path = "/v1/breakers?sort=\(sort)&page_size=2"
            let first = try await server.send(.GET, path)
            #expect(first.json["counts"]?["total"] == 3)
            let second = try await server.send(.GET, "\(path)&page_token=\(first.nextPageToken)")
            #expect(second.json["counts"] == .null)
            #expect(second.names.count == 1)
        }
    }

    @Test("The counts include only the breakers that the token may see")
    func countsOfToken() async throws {
        let (all, allSecret) = Token.make(name: "all", role: .operator, prefix: "")
        let (some, someSecret) = Token.make(name: "some", role: .viewer, prefix: "b000")
        try await TestServer.with(tokens: [all, some]) { server in
            try await server.create(20, secret: allSecret)
            for (query, total) in [("", 10), ("?prefix=b0001", 1), ("?prefix=c", 0), ("?prefix=b", 10)] {
                let answer = try await server.send(.GET, "/v1/breakers\(query)", secret: someSecret)
                #expect(answer.json["counts"]?["total"] == .integer(Int64(total)), "\(query)")
            }
        }
    }

    @Test(
        "A search for a part of a name ignores case",
        arguments: [
            ("charge", ["a:Charge", "recharge"]), ("CHARGE", ["a:Charge", "recharge"]), ("a:c", ["a:Charge"]),
            ("nothing", []), ("%C3%A9", []), ("", ["a:Charge", "b", "recharge"]),
        ]
    )
    func part(part: String, names: [String]) async throws {
        try await TestServer.with { server in
            for name in ["recharge", "a:Charge", "b"] { _ = try await server.acquire(name) }
            #expect(try await server.send(.GET, "/v1/breakers?q=\(part)").names == names)
        }
    }

    @Test("An unknown sort order is refused, and a page token is valid only for its own sort order")
    func refused() async throws {
        try await TestServer.with { server in
            try await server.create(3)
            try await server.send(.GET, "/v1/breakers?sort=state").expectProblem(.invalidRequest, faults: ["sort"])
            let token = try await server.send(.GET, "/v1/breakers?page_size=1").nextPageToken
            let other = try await server.send(.GET, "/v1/breakers?sort=attention&page_token=\(token)")
            other.expectProblem(.invalidRequest, faults: ["page_token"])
        }
    }
}

extension JSON: ExpressibleByIntegerLiteral {
    public init(integerLiteral value: Int64) { self = .integer(value) }
}
