import BreakerAPI
import NIOHTTP1
import Testing

@testable import BreakerHTTP

@Suite("Breakers listed by name")
struct ListTests {
    /// Makes `ca` and `cb` closed, `oa` open, `h` half open; puts `ca` in shadow, and forces `ob` open and `f` closed.
    private static func furnish(_ server: TestServer) async throws {
        for name in ["oa", "h"] { try await server.trip(name) }
        let short = #"{"policy":{"recovery_timeout_ms":100}}"#
        _ = try await server.send(.PUT, "/v1/breakers/h", short)
        _ = try await server.send(.POST, "/v1/breakers/h/reset?to=half_open")
        for name in ["ca", "cb", "ob", "f"] { _ = try await server.acquire(name) }
        for (name, mode) in [("ca", "shadow"), ("ob", "force_open"), ("f", "force_closed")] {
            let order = #"{"mode":"\#(mode)","reason":"a test"}"#
            _ = try await server.send(.PUT, "/v1/breakers/\(name)/override", order)
        }
    }

    @Test(
        "A list holds the breakers that match its filters",
        arguments: [
            ("", ["ca", "cb", "f", "h", "oa", "ob"]), ("?state=closed", ["ca", "cb", "f"]),
            ("?state=open", ["oa", "ob"]),
            ("?state=half_open", ["h"]), ("?prefix=c", ["ca", "cb"]), ("?prefix=ca", ["ca"]), ("?prefix=x", []),
            ("?prefix=", ["ca", "cb", "f", "h", "oa", "ob"]),
            ("?prefix=%C3%A9", []), ("?override=any", ["ca", "f", "ob"]), ("?override=none", ["cb", "h", "oa"]),
            ("?override=shadow", ["ca"]), ("?override=force_open", ["ob"]), ("?override=force_closed", ["f"]),
            ("?state=open&prefix=o&override=none", ["oa"]), ("?state=closed&override=force_open", []),
            ("?other=1", ["ca", "cb", "f", "h", "oa", "ob"]),
        ]
    )
    func filters(query: String, names: [String]) async throws {
        try await TestServer.with { server in
            try await Self.furnish(server)
            let answer = try await server.send(.GET, "/v1/breakers\(query)")
            #expect(answer.status == 200)
            #expect(answer.json.keys == ["breakers", "next_page_token", "counts"])
            #expect(answer.names == names)
            #expect(answer.nextPageToken == "")
        }
    }

    @Test(
        "An invalid filter of a list is refused, and the problem names the field",
        arguments: [
            ("state=half-open", "state"), ("state=", "state"), ("override=on", "override"), ("override=", "override"),
            ("page_size=0", "page_size"), ("page_size=-1", "page_size"), ("page_size=x", "page_size"),
            ("page_size=", "page_size"),
            ("page_token=x", "page_token"), ("page_token=zz", "page_token"), ("page_token=61", "page_token"),
            ("page_token=---2d", "page_token"), ("page_token=-----61", "page_token"),
            ("page_token=%C3%A9", "page_token"),
            ("page_token=----ff", "page_token"), ("page_token=----2f", "page_token"),
            ("state=open&state=open", "state"),
        ]
    )
    func refused(query: String, field: String) async throws {
        try await TestServer.with { server in
            try await server.send(.GET, "/v1/breakers?\(query)").expectProblem(.invalidRequest, faults: [field])
        }
    }

    @Test(
        "A page holds as many breakers as requested: 100 by default, at most 1000",
        arguments: [
            ("", 100), ("page_size=1", 1), ("page_size=99", 99), ("page_size=101", 101), ("page_size=1000", 1_000),
            ("page_size=1001", 1_000), ("page_size=9223372036854775807", 1_000),
        ]
    )
    func pageSize(query: String, count: Int) async throws {
        try await TestServer.with { server in
            try await server.create(1_001)
            let answer = try await server.send(.GET, "/v1/breakers?\(query)")
            #expect(answer.names.count == count)
            #expect(answer.nextPageToken != "")
        }
    }

    @Test("The pages of a list hold every breaker once, in order", arguments: [1, 7, 50, 249, 250, 251])
    func walk(pageSize: Int) async throws {
        try await TestServer.with { server in
            let names = try await server.create(250)
            var (seen, token, pages): ([String], String, Int) = ([], "", 0)
            repeat {
                let answer = try await server.send(.GET, "/v1/breakers?page_size=\(pageSize)&page_token=\(token)")
                seen += answer.names
                token = answer.nextPageToken
                pages += 1
                #expect(answer.names.count <= pageSize)
            } while token != "" && pages < 300
            #expect(seen == names)
            #expect(pages == (250 + pageSize - 1) / pageSize)
        }
    }

    @Test("A list continues after a breaker that was deleted between two pages")
    func deletedMeanwhile() async throws {
        try await TestServer.with { server in
            let names = try await server.create(5)
            let first = try await server.send(.GET, "/v1/breakers?page_size=2")
            _ = try await server.send(.DELETE, "/v1/breakers/\(names[1])")
            let second = try await server.send(.GET, "/v1/breakers?page_token=\(first.nextPageToken)")
            #expect(first.names + second.names == names)
        }
    }

    @Test("A list with no breaker on its page is answered while the writer is blocked", .timeLimit(.minutes(1)))
    func withoutWriter() async throws {
        try await TestServer.with { server in
            // These are more changes than the feed keeps.
            for prefix in ["a", "b", "c", "d", "e"] {
                let items = (0..<1_000).map { #"{"name":"\#(prefix)\#($0)","outcome":"success"}"# }
                _ = try await server.send(.POST, "/v1/reports", #"{"reports":[\#(items.joined(separator: ","))]}"#)
            }
            try await server.engine.whileWriterStands { _ in
                for query in ["?state=open", "?override=any", "?q=nothing", "?prefix=x"] {
                    let answer = try await server.send(.GET, "/v1/breakers\(query)")
                    #expect(answer.status == 200)
                    #expect(answer.names == [])
                    #expect(answer.json["counts"]?["total"] == .integer(query == "?prefix=x" ? 0 : 5_000))
                }
            }
        }
    }

    @Test("A page token is valid only with its own filters and its token's prefix")
    func boundTokens() async throws {
        let (all, allSecret) = Token.make(name: "all", role: .operator, prefix: "")
        let (some, someSecret) = Token.make(name: "some", role: .viewer, prefix: "b00")
        try await TestServer.with(tokens: [all, some]) { server in
            try await server.create(20, secret: allSecret)
            let path = "/v1/breakers?page_size=2"
            let token = try await server.send(.GET, "\(path)&state=closed", secret: allSecret).nextPageToken
            for (query, secret) in [
                ("", allSecret), ("&state=open", allSecret), ("&state=closed&prefix=b", allSecret),
                ("&state=closed&override=none", allSecret), ("&state=closed", someSecret),
            ] {
                let answer = try await server.send(.GET, "\(path)&page_token=\(token)\(query)", secret: secret)
                answer.expectProblem(.invalidRequest, faults: ["page_token"])
            }
            let next = try await server.send(.GET, "\(path)&state=closed&page_token=\(token)", secret: allSecret)
            #expect(next.names == ["b0002", "b0003"])
        }
    }

    @Test(
        "A token's prefix limits the breakers of a list",
        arguments: [
            ("", ["b0000", "b0001"]), ("?prefix=b", ["b0000", "b0001"]), ("?prefix=b0001", ["b0001"]),
            ("?prefix=b001", []), ("?prefix=c", []),
        ]
    )
    func tokenPrefix(query: String, names: [String]) async throws {
        let (all, allSecret) = Token.make(name: "all", role: .operator, prefix: "")
        let (some, someSecret) = Token.make(name: "some", role: .viewer, prefix: "b000")
        try await TestServer.with(tokens: [all, some]) { server in
            for name in ["a", "b0000", "b0001", "b0010", "c"] {
                _ = try await server.send(.POST, "/v1/breakers/\(name)/acquire", secret: allSecret)
            }
            #expect(try await server.send(.GET, "/v1/breakers\(query)", secret: someSecret).names == names)
        }
    }
}

extension HTTPAnswer {
    var names: [String] { (json["breakers"]?.items ?? []).compactMap { $0["name"]?.text } }
}

extension TestServer {
    /// Creates this number of breakers in one request.
    /// - Returns: their names, in order.
    @discardableResult
    func create(_ count: Int, secret: String? = nil) async throws -> [String] {
        let names = (0..<count).map { number in
            "b" + String(repeating: "0", count: 4 - String(number).count) + String(number)
        }
        let items = names.map { #"{"name":"\#($0)","outcome":"success"}"# }.joined(separator: ",")
        _ = try await send(.POST, "/v1/reports", #"{"reports":[\#(items)]}"#, secret: secret)
        return names
    }
}
