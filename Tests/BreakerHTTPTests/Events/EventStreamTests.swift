import BreakerAPI
import BreakerCore
import BreakerStorage
import EngineSupport
import NIOCore
import NIOHTTP1
import TestSupport
import Testing

@testable import BreakerEngine
@testable import BreakerHTTP

@Suite("The stream of changes")
struct EventStreamTests {
    @Test("A stream begins with all breakers, and then sends every later change in order")
    func begins() async throws {
        try await TestServer.with { server in
            try await server.trip("a")
            let stream = try await StreamClient.open(server.port)
            #expect(stream.head.status == 200)
            #expect(stream.head["content-type"] == "text/event-stream")
            #expect(stream.head["cache-control"] == "no-store")
            #expect(stream.head["x-accel-buffering"] == "no")
            #expect(stream.head["x-request-id"]?.isEmpty == false)
            let start = try await stream.event()
            let epoch = server.engine.epoch
            #expect(start?.id == 2 && start?.epoch == epoch && start?.event == "resync")
            #expect(
                String(decoding: try #require(start).data.bytes, as: UTF8.self) == """
                    {"id":"\(epoch)-2","revision":2,"epoch":"\(epoch)","type":"resync","reason":"start","at":"2026-01-01T00:00:00.000Z","breakers":[\
                    {"name":"a","state":"open","generation":2,"since":"2026-01-01T00:00:00.000Z",\
                    "open_until":"2026-01-01T00:01:00.000Z","override":null,"policy_revision":1}]}
                    """
            )
            try await server.trip("b")
            _ = try await server.send(.PATCH, "/v1/breakers/b", #"{"policy":{"failure_threshold":3}}"#)
            _ = try await server.send(.DELETE, "/v1/breakers/b")
            let frames = try await stream.events(4)
            #expect(frames.map(\.id) == [3, 4, 5, 6])
            #expect(frames.allSatisfy { $0.epoch == epoch })
            #expect(frames.map(\.event) == ["created", "transition", "policy", "deleted"])
            #expect(frames.map { $0.data["revision"]?.whole } == [3, 4, 5, 6])
            #expect(frames.map { $0.data["type"]?.text } == frames.map(\.event))
            #expect(frames.map { $0.data["actor"]?.text } == [nil, nil, "anonymous", "anonymous"])
            #expect(
                String(decoding: frames[1].data.bytes, as: UTF8.self) == """
                    {"id":"\(epoch)-4","revision":4,"type":"transition","name":"b","at":"2026-01-01T00:00:00.000Z","actor":null,\
                    "state":"open","generation":4,"since":"2026-01-01T00:00:00.000Z",\
                    "open_until":"2026-01-01T00:01:00.000Z","override":null,"policy_revision":3,\
                    "transition":{"from":"closed","to":"open","cause":"failure_threshold",\
                    "detail":"5 consecutive failures; the last: timeout from checkout-7","actor":null}}
                    """
            )
            #expect(
                String(decoding: frames[3].data.bytes, as: UTF8.self) == """
                    {"id":"\(epoch)-6","revision":6,"type":"deleted","name":"b","at":"2026-01-01T00:00:00.000Z","actor":"anonymous",\
                    "state":null,"generation":null,"since":null,"open_until":null,"override":null,\
                    "policy_revision":null,"transition":null}
                    """
            )
        }
    }

    @Test("A stream sends an override with its actor and reason")
    func overrides() async throws {
        try await TestServer.with { server in
            _ = try await server.acquire("a")
            let stream = try await StreamClient.open(server.port, "?after=1")
            let order = #"{"mode":"shadow","reason":"drill","expires_in_ms":60000}"#
            _ = try await server.send(.PUT, "/v1/breakers/a/override", order)
            let set = try #require(try await stream.event())
            #expect(set.event == "transition")
            #expect(
                set.data["override"] == [
                    "mode": "shadow", "reason": "drill", "actor": "anonymous", "since": "2026-01-01T00:00:00.000Z",
                    "expires_at": "2026-01-01T00:01:00.000Z",
                ]
            )
            #expect(set.data["transition"]?["cause"] == "override_set")
            _ = try await server.send(.DELETE, "/v1/breakers/a/override")
            let cleared = try #require(try await stream.event())
            #expect(cleared.data["override"] == .null)
            #expect(cleared.data["transition"]?["cause"] == "override_cleared")
        }
    }

    @Test("A stream continues after the client's last revision, with stored changes and then live ones")
    func resumes() async throws {
        try await TestServer.with { server in
            for name in ["a", "b", "c"] { _ = try await server.acquire(name) }
            let epoch = server.engine.epoch
            for (query, fields) in [
                ("?after=1", []), ("", ["last-event-id: 1"]), ("?after=3", ["Last-Event-ID: 1"]),
                ("?after=1", ["last-event-id:"]),
                ("?after=\(epoch)-1", []), ("?after=\(epoch)-3", ["last-event-id: \(epoch)-1"]),
            ] {
                let stream = try await StreamClient.open(server.port, query, fields: fields)
                let first = try await stream.frame()
                #expect(first?.comments == ["ok"] && first?.event == nil, "there is something to read at once")
                let ids = try await stream.events(2).map(\.id)
                #expect(ids == [2, 3], "\(query) \(fields)")
            }
            let stream = try await StreamClient.open(server.port, "?after=0")
            _ = try await server.acquire("d")
            #expect(try await stream.events(4).map(\.id) == [1, 2, 3, 4])
        }
    }

    @Test(
        "A stream begins with a resync if the client's revision is unknown to this server",
        arguments: ["99", "own-99", "other-1"]
    )
    func unknownRevision(after: String) async throws {
        try await TestServer.with { server in
            _ = try await server.acquire("a")
            let epoch = server.engine.epoch
            let after = after.replacing("own", with: "\(epoch)")
                .replacing("other", with: "\(Epoch(epoch.value ^ 1))")
            let lines = try await StreamClient.open(
                server.port,
                "?after=\(after)",
                fields: ["accept: application/x-ndjson"]
            )
            // The opening has no position: a client that is cut off here would resume with it in another history.
            let opening = try #require(try await lines.line())
            #expect(opening["id"] == .null && opening["revision"] == .null)
            #expect(try await lines.line()?["epoch"]?.text == "\(epoch)")
            let stream = try await StreamClient.open(server.port, "?after=\(after)")
            let resync = try #require(try await stream.event())
            #expect(resync.id == 1 && resync.data["reason"] == "unknown_revision")
            #expect(resync.data["breakers"]?.items.count == 1)
            _ = try await server.acquire("b")
            #expect(try await stream.event()?.id == 2)
        }
    }

    @Test("A resumed stream begins with a resync only if changes after the client's revision have been trimmed")
    func trimmed() async throws {
        var retention = Retention()
        retention.changes = 3
        // An earlier server makes the changes, so that this one has none of them in memory.
        let folder = try TemporaryFolder()
        try await TestServer.with(folder: folder, retention: retention) { server in
            for name in ["a", "b", "c", "d", "e"] { _ = try await server.acquire(name) }
        }
        try await TestServer.with(folder: folder, retention: retention) { server in
            for revision in 0...1 {
                let stream = try await StreamClient.open(server.port, "?after=\(revision)")
                let resync = try #require(try await stream.event())
                #expect(resync.event == "resync" && resync.id == 5)
                #expect(resync.data["reason"] == "trimmed")
                #expect(resync.data["breakers"]?.items.count == 5)
            }
            let kept = try await StreamClient.open(server.port, "?after=2")
            let resync = try await StreamClient.open(server.port, "?after=1")
            _ = try await server.acquire("f")
            #expect(try await kept.events(4).map(\.id) == [3, 4, 5, 6])
            #expect(try await resync.events(2).map(\.id) == [5, 6])
        }
    }

    @Test("A stream is refused with a problem document if it needs the store and the store cannot be read")
    func storeFails() async throws {
        let folder = try TemporaryFolder()
        try await TestServer.with(folder: folder) { _ = try await $0.acquire("a") }
        try await TestServer.with(folder: folder) { server in
            server.engine.reader.close()
            try await server.send(.GET, "/v1/events?after=0").expectProblem(.storageUnavailable)
            // Changes that are in memory need no store.
            #expect(try await StreamClient.open(server.port).event()?.id == 1)
            #expect(try await StreamClient.open(server.port, "?after=1").frame()?.comments == ["ok"])
        }
    }

    @Test("A stream sends one JSON object per line if the client accepts application/x-ndjson")
    func lines() async throws {
        try await TestServer.with { server in
            let accept = ["accept: application/x-ndjson"]
            let fresh = try await StreamClient.open(server.port, fields: accept)
            #expect(fresh.head["content-type"] == "application/x-ndjson")
            let resumed = try await StreamClient.open(server.port, "?after=0", fields: accept)
            _ = try await server.acquire("a")
            let opening = try await fresh.line()
            let heartbeat: JSON = [
                "type": "heartbeat", "at": "2026-01-01T00:00:00.000Z", "id": .null, "revision": .null,
            ]
            #expect(opening == heartbeat)
            let received = [try #require(try await fresh.line()), try #require(try await fresh.change())]
            #expect(received.map { $0["type"]?.text } == ["resync", "created"])
            let continued = [try #require(try await resumed.line()), try #require(try await resumed.change())]
            #expect(continued[0]["revision"]?.whole == 0)
            #expect(continued[0]["id"]?.text == "\(server.engine.epoch)-0")
            #expect(continued[1] == received[1])
        }
    }

    @Test("A stream of lines begins with the current server time, even if its cached resync is older")
    func time() async throws {
        try await TestServer.with { server in
            _ = try await server.acquire("a")
            for second in 0...1 {
                let stream = try await StreamClient.open(server.port, fields: ["accept: application/x-ndjson"])
                let (opening, resync) = (try await stream.line(), try await stream.line())
                #expect(opening?["at"]?.text == "2026-01-01T00:00:0\(second).000Z")
                #expect(resync?["at"]?.text == "2026-01-01T00:00:00.000Z")
                server.clock.advance(byMs: 1_000)
            }
        }
    }

    @Test("A heartbeat reports the stream's position, even if a filter hides every change", arguments: [true, false])
    func heartbeat(isLines: Bool) async throws {
        var times = ConnectionTimes()
        times.heartbeat = .milliseconds(5)
        times.idle = .seconds(2)
        try await TestServer.with(times: times) { server in
            let fields = isLines ? ["accept: application/x-ndjson"] : []
            let stream = try await StreamClient.open(server.port, "?after=0&name=other", fields: fields)
            _ = try await server.acquire("a")
            // A stream is not idle: it outlives an idle connection.
            #expect(try await ByteClient.run(server.port) { try $0.isAtEnd() })
            var beats = 0
            while beats < 20 {
                let position = isLines ? try await stream.line()?["revision"]?.whole : try await stream.frame()?.id
                if position == 1 { beats += 1 }
            }
        }
    }

    @Test("A stream sends heartbeats as often as its client asks")
    func ownHeartbeat() async throws {
        var times = ConnectionTimes()
        times.heartbeat = .hours(1)
        try await TestServer.with(times: times) { server in
            let least = HTTPLimits.heartbeatMs.lowerBound
            let fields = ["accept: application/x-ndjson"]
            let stream = try await StreamClient.open(server.port, "?after=0&heartbeat_ms=\(least)", fields: fields)
            for _ in 1...2 { #expect(try await stream.line()?["type"] == "heartbeat") }
        }
    }

    @Test("A stream has only the breakers that match its filters")
    func filters() async throws {
        try await TestServer.with { server in
            let names = ["pay", "pay:a", "pay:b", "search"]
            for name in names { _ = try await server.acquire(name) }
            for (query, admitted) in [
                ("name=pay", ["pay"]), ("prefix=pay", ["pay", "pay:a", "pay:b"]), ("prefix=pay:", ["pay:a", "pay:b"]),
                ("prefix=x", []), ("name=pay:a&prefix=pay", ["pay:a"]), ("name=pay:a&prefix=s", []), ("", names),
            ] {
                let fresh = try await StreamClient.open(server.port, "?\(query)")
                let start = try #require(try await fresh.event())
                #expect(start.data["breakers"]?.items.compactMap { $0["name"]?.text } == admitted, "\(query)")
                let resumed = try await StreamClient.open(server.port, "?after=0&\(query)")
                let received = try await resumed.events(admitted.count).map { $0.data["name"]?.text }
                #expect(received == admitted, "\(query)")
            }
        }
    }

    @Test(
        "A stream request with an invalid parameter or Last-Event-ID is refused",
        arguments: [
            ("?after=-1", "after"), ("?after=1x", "after"), ("?after=9223372036854775808", "after"),
            ("?after=0a1b2c3-1", "after"), ("?after=0A1B2C3D-1", "after"), ("?after=0a1b2c3d-", "after"),
            ("?after=0a1b2c3d-%2B1", "after"),
            ("?name=a/b", "name"), ("?name=", "name"), ("?heartbeat_ms=499", "heartbeat_ms"),
            ("?heartbeat_ms=60001", "heartbeat_ms"), ("?heartbeat_ms=1s", "heartbeat_ms"),
        ]
    )
    func faults(query: String, field: String) async throws {
        try await TestServer.with { server in
            try await server.send(.GET, "/v1/events\(query)").expectProblem(.invalidRequest, faults: [field])
            try await server.send(.GET, "/v1/events?after=1", fields: [("last-event-id", "x")])
                .expectProblem(.invalidRequest, faults: ["last-event-id"])
        }
    }

    @Test("A HEAD returns the fields of a stream and ends, and a POST is refused")
    func methods() async throws {
        try await TestServer.with { server in
            try await ByteClient.run(server.port) { client in
                try client.send("HEAD /v1/events HTTP/1.1\r\nhost: x\r\n\r\n")
                let head = try client.readAnswer(hasBody: false)
                #expect(head.status == 200 && head["content-type"] == "text/event-stream")
                #expect(try client.isAtEnd())
            }
            try await server.send(.POST, "/v1/events").expectProblem(.methodNotAllowed)
        }
    }
}
