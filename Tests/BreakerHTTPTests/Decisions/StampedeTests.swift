import BreakerAPI
import EngineSupport
import NIOHTTP1
import Testing

@testable import BreakerHTTP

@Suite("Many simultaneous acquires at recovery")
struct StampedeTests {
    private static let clients = 40
    private static let rounds = 50

    @Test(
        "When the recovery timeout ends, forty simultaneous clients get exactly the permitted number of probes",
        arguments: [1, 3]
    )
    func recovery(slots: Int) async throws {
        try await TestServer.with { server in
            let policy = #"{"policy":{"failure_threshold":1,"half_open_probes":\#(slots),"success_threshold":100}}"#
            _ = try await server.send(.PUT, "/v1/breakers/a", policy)
            for round in 1...Self.rounds {
                #expect(try await server.report("a", "outcome=failure").json["state"] == "open")
                server.clock.advance(byMs: 59_999)
                #expect(try await server.stampede(of: Self.clients).allowed.isEmpty, "round \(round): too early")
                server.clock.advance(byMs: 1)
                let (allowed, denied) = try await server.stampede(of: Self.clients)
                #expect(allowed.count == slots, "round \(round)")
                #expect(Set(allowed).count == slots, "round \(round): \(allowed)")
                #expect(denied == Self.clients - slots, "round \(round)")
                #expect(
                    try await server.stampede(of: Self.clients).allowed.isEmpty,
                    "round \(round): all slots are taken"
                )
                _ = try await server.send(.POST, "/v1/breakers/a/reset")
            }
        }
    }

    @Test("A probe that is lost, given back or reported frees exactly its own slot", arguments: [1, 3])
    func slots(slots: Int) async throws {
        try await TestServer.with { server in
            let policy = #"{"policy":{"failure_threshold":1,"half_open_probes":\#(slots),"success_threshold":100}}"#
            _ = try await server.send(.PUT, "/v1/breakers/a", policy)
            _ = try await server.report("a", "outcome=failure")
            server.clock.advance(byMs: 60_000)
            let first = try await server.stampede(of: Self.clients).allowed
            server.clock.advance(byMs: 29_999)
            #expect(try await server.stampede(of: Self.clients).allowed.isEmpty, "the leases live")
            server.clock.advance(byMs: 1)
            let second = try await server.stampede(of: Self.clients).allowed
            #expect(second.count == slots, "the first probes are lost")
            #expect(try await server.send(.GET, "/v1/breakers/a").json["probes"]?["lost"] == .integer(Int64(slots)))
            let late = try await server.report("a", "outcome=failure&permit=\(first[0])")
            #expect(late.json["reason"] == "lease_expired")
            var living = second
            for outcome in ["ignored", "success"] {
                #expect(
                    try await server.report("a", "outcome=\(outcome)&permit=\(living.removeFirst())").json["applied"]
                        == true
                )
                let freed = try await server.stampede(of: Self.clients).allowed
                #expect(freed.count == 1, "\(outcome) frees one slot")
                living += freed
            }
        }
    }
}

extension TestServer {
    /// Sends an acquire of `a` from this many clients, each on its own connection, before any of them reads.
    /// - Returns: the permits that were granted, and the number of denied clients.
    fileprivate func stampede(of count: Int) async throws -> (allowed: [String], denied: Int) {
        try await ByteClient.run { [port] in
            let clients = try (0..<count).map { _ in try ByteClient(port: port) }
            for client in clients { try client.send("POST /v1/breakers/a/acquire HTTP/1.1\r\nhost: x\r\n\r\n") }
            let answers = try clients.map { try $0.readAnswer() }
            #expect(answers.allSatisfy { $0.status == 200 })
            let denied = answers.count { $0.json["allowed"] == false && $0.json["permit"] == nil }
            return (answers.filter { $0.json["allowed"] == true }.compactMap { $0.json["permit"]?.text }, denied)
        }
    }
}
