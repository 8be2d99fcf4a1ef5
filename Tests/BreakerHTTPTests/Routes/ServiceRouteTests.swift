import BreakerAPI
import BreakerCore
import BreakerEngine
import EngineSupport
import Foundation
import NIOHTTP1
import TestSupport
import Testing

@testable import BreakerHTTP

@Suite("Routes about the service itself")
struct ServiceRouteTests {
    @Test(
        "The service reports that it is live and ready, and its version and epoch",
        arguments: [
            ("/livez", #"{"status":"live"}"#), ("/readyz", #"{"status":"ready","storage":"ok"}"#),
            ("/version", #"{"version":"\#(BuildVersion.current)","epoch":"EPOCH","name":null,"colour":null}"#),
        ]
    )
    func answers(path: String, text: String) async throws {
        try await TestServer.with { server in
            let answer = try await server.send(.GET, path)
            #expect(answer.status == 200)
            #expect(answer["content-type"] == "application/json")
            #expect(answer.text == text.replacing("EPOCH", with: "\(server.engine.epoch)"))
        }
    }

    @Test("The version has the name and the colour of the server, also without a token")
    func label() async throws {
        let (boss, _) = Token.make(name: "boss", role: .operator, prefix: "")
        try await TestServer.with(tokens: [boss], label: ServerLabel(name: "production", colour: .red)) { server in
            let answer = try await server.send(.GET, "/version")
            #expect(answer.json["name"] == "production")
            #expect(answer.json["colour"] == "red")
        }
    }

    @Test("The service is not ready before it runs")
    func starting() {
        let readiness = Readiness()
        #expect(readiness.state == .starting)
    }

    @Test("A store failure does not take the service out of rotation, and decisions without a write continue")
    func failingStorage() async throws {
        try await TestServer.with { server in
            _ = try await server.acquire("a")
            let lock = try WriteLock(databasePath: server.databasePath)
            let refused = try await server.report("a", "outcome=failure")
            refused.expectProblem(.storageUnavailable)
            #expect(refused["retry-after"] == "1")
            let readiness = try await server.send(.GET, "/readyz")
            #expect(readiness.status == 200)
            #expect(readiness.text == #"{"status":"ready","storage":"failing"}"#)
            #expect(try await server.acquire("a").text == #"{"allowed":true,"state":"closed","permit":"1"}"#)
            try await server.acquire("b").expectProblem(.storageUnavailable)
            lock.release()
            #expect(
                try await server.report("a", "outcome=failure").text
                    == #"{"applied":true,"state":"closed","generation":1}"#
            )
            #expect(try await server.send(.GET, "/readyz").text == #"{"status":"ready","storage":"ok"}"#)
            let counts = try await server.send(.GET, "/v1/breakers/a").json["counts"]
            #expect(counts?["failures"] == .integer(1), "what was refused had no effect")
        }
    }

    @Test("The served openapi.yaml is the file of the repository")
    func contract() async throws {
        try await TestServer.with { server in
            let answer = try await server.send(.GET, "/openapi.yaml")
            #expect(answer["content-type"] == "application/yaml")
            #expect(answer.body == Array(try Data(contentsOf: Repository.file("openapi.yaml"))))
        }
    }

    @Test("Only one backup is made at a time")
    func oneBackup() {
        let slot = BackupSlot()
        #expect(slot.take())
        #expect(!slot.take())
        slot.free()
        #expect(slot.take())
    }

    @Test("A backup is a database with the stored state and a digest, and leaves no file on the server")
    func backup() async throws {
        try await TestServer.with { server in
            try await server.trip("payments")
            let answer = try await server.send(.POST, "/v1/backup")
            #expect(answer.status == 200)
            #expect(answer["content-type"] == "application/vnd.sqlite3")
            #expect(answer["content-disposition"] == "attachment; filename=\"fusebox.db\"")
            #expect(answer["cache-control"] == "no-store")
            let digest = Data(Token.digest(of: answer.body)).base64EncodedString()
            #expect(answer["repr-digest"] == "sha-256=:\(digest):")
            #expect(answer["content-length"] == "\(answer.body.count)")
            let database = URL(fileURLWithPath: server.databasePath)
            let names = try FileManager.default.contentsOfDirectory(atPath: database.deletingLastPathComponent().path)
            #expect(names.sorted() == ["fusebox.db", "fusebox.db-shm", "fusebox.db-wal", "fusebox.db.lock"])
            let copy = try TemporaryFolder()
            try Data(answer.body).write(to: URL(fileURLWithPath: copy.path("fusebox.db")))
            try await RunningEngine.with(folder: copy) { restored in
                let view = try await restored.engine.breaker(try #require(.init("payments")))
                #expect(view.breaker.state == .open)
            }
        }
    }
}
