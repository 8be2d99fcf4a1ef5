import Foundation
import NIOHTTP1
import TestSupport
import Testing

extension ProcessTests {
    @Suite struct FullDiskTests {
        @Test(
            "On a full disk decisions continue, and the server recovers by itself when there is space",
            .enabled(
                if: SmallDisk.isPossible,
                "mounting a small file system takes root, and a container that allows it"
            ),
            .timeLimit(.minutes(3))
        )
        func fullDisk() async throws {
            let disk = try SmallDisk(megabytes: 4)
            let database = disk.path("fusebox.db")
            let server = try await ServerProcess.start(database: database, limit: 100)
            defer { server.child.kill() }
            let wire = server.wire
            try await wire.putPolicy(#"{"policy":{"failure_threshold":null}}"#, of: "calm")
            try await wire.putPolicy(#"{"policy":{"failure_threshold":1}}"#, of: "tripped")
            try await wire.putPolicy(#"{"policy":{"failure_threshold":1,"recovery_timeout_ms":100}}"#, of: "due")
            #expect(try await wire.fail("tripped").text("state") == "open")
            var acknowledged = 0
            for number in 0..<50 where try await wire.fail("calm", detail: "before-\(number)").status == 200 {
                acknowledged += 1
            }
            #expect(acknowledged == 50)

            try disk.fill()
            var refusal: Reply?
            // Reports may still succeed while they fit into pages that the log already has.
            for number in 0..<2_000 where refusal == nil {
                let reply = try await wire.fail("calm", detail: "full-\(number)")
                if reply.status == 200 { acknowledged += 1 } else { refusal = reply }
            }
            #expect(refusal?.status == 503)
            #expect(refusal?.text("code") == "storage_unavailable", "\(String(describing: refusal))")
            #expect(refusal?.headers.first(name: "retry-after") != nil)

            try await expectDecisionsOnly(wire)
            try await eventually("the failure is logged") { server.log.contains("The store is failing") }

            try disk.empty()
            try await eventually("the store works again") {
                let reply = try await wire.get("/readyz")
                return reply.status == 200 && reply.text("storage") == "ok"
            }
            try await eventually("the recovery is logged") { server.log.contains("The store works again") }
            // The refused report had no effect, so its id is free for another report.
            let repeated = try await wire.fail("calm", detail: "again", id: "refused")
            #expect(repeated.flag("applied") == true)
            #expect(repeated.flag("duplicate") == nil)
            acknowledged += 1
            #expect(try await wire.acquire("unheard-of").flag("allowed") == true)

            try await expect(acknowledged, of: "calm", wire)
            server.child.kill()
            try await server.child.waitUntilEnd()
            let next = try await ServerProcess.start(database: database)
            defer { next.child.kill() }
            try await expect(acknowledged, of: "calm", next.wire)
            try await next.stop()
        }

        @Test(
            "A server that starts on a full disk decides without writes, logs the error and recovers with free space",
            .enabled(if: SmallDisk.isPossible, "mounting takes root"),
            .timeLimit(.minutes(3)),
            arguments: [true, false]
        )
        func start(afterCrash isAfterCrash: Bool) async throws {
            let disk = try SmallDisk(megabytes: 4)
            let configuration = disk.path("fusebox.yaml")
            try Data("default: {policy: {failure_threshold: 7}}".utf8).write(to: URL(fileURLWithPath: configuration))
            let database = disk.path("fusebox.db")
            let first = try await ServerProcess.start(database: database)
            defer { first.child.kill() }
            try await first.wire.putPolicy(#"{"policy":{"failure_threshold":1}}"#, of: "tripped")
            #expect(try await first.wire.fail("tripped").text("state") == "open")
            #expect(try await first.wire.fail("calm").status == 200)
            if isAfterCrash { first.child.kill() } else { first.child.signal(SIGTERM) }
            try await first.child.waitUntilEnd()

            try disk.fill()
            let server = try await ServerProcess.start(database: database, options: ["--config", configuration])
            defer { server.child.kill() }
            try await expectDecisionsOnly(server.wire)
            try await eventually("the failure is logged") {
                server.log.contains("The store is failing")
                    && server.log.contains("the disk is full; delete files on it")
            }

            try disk.empty()
            try await eventually("the store works again, and the configuration is applied") {
                let view = try await server.wire.get("/v1/breakers/calm")
                return view.number("policy", "failure_threshold") == 7
            }
            #expect(try await server.wire.fail("calm").flag("applied") == true)
            #expect(try await server.wire.get("/readyz").text("storage") == "ok")
            try await server.stop()
            let next = try await ServerProcess.start(database: database)
            defer { next.child.kill() }
            #expect(try await next.wire.get("/v1/breakers/calm").number("counts", "consecutive_failures") == 2)
        }

        @Test(
            "A database that cannot be created or opened is refused with advice about the disk",
            .enabled(if: SmallDisk.isPossible, "mounting takes root"),
            .timeLimit(.minutes(3))
        )
        func refusals() async throws {
            let full = try SmallDisk(megabytes: 1)
            try full.fill()
            try await expectRefusal(full, "the disk is full; delete files on it")

            let crowded = try SmallDisk(megabytes: 4, files: 5)
            try await makeDatabase(crowded)
            for number in 1...5 { try? Data().write(to: URL(fileURLWithPath: crowded.path("\(number)"))) }
            try await expectRefusal(crowded, "with space for another file")
            try FileManager.default.removeItem(atPath: crowded.path("fusebox.db.lock"))
            try Data().write(to: URL(fileURLWithPath: crowded.path("6")))
            try await expectRefusal(crowded, "has no space or no inodes left; delete files on it")

            let protected = try SmallDisk(megabytes: 4)
            try await makeDatabase(protected)
            try protected.protect()
            try await expectRefusal(protected, "mount the file system")
        }

        private func makeDatabase(_ disk: SmallDisk) async throws {
            try await ServerProcess.start(database: disk.path("fusebox.db")).stop()
        }

        private func expectRefusal(_ disk: SmallDisk, _ advice: String) async throws {
            let result = try await Program.fusebox.run(
                "serve",
                "--listen",
                "127.0.0.1:0",
                "--db",
                disk.path("fusebox.db")
            )
            #expect(result.code == 1)
            #expect(result.errors.contains(advice), "\(result.errors)")
            #expect(result.errors.contains(disk.path("")), "\(result.errors)")
        }

        private func expectDecisionsOnly(_ wire: Wire) async throws {
            #expect(try await wire.acquire("calm").flag("allowed") == true)
            let denied = try await wire.acquire("tripped")
            #expect(denied.flag("allowed") == false)
            #expect(denied.status == 200)
            for reply in [
                try await wire.fail("calm", id: "refused"),
                try await wire.acquire("unheard-of"),
                try await wire.send(.PUT, "/v1/breakers/calm", #"{"preset":"slow"}"#),
                try await wire.send(.POST, "/v1/breakers/tripped/reset"),
                try await wire.send(.DELETE, "/v1/breakers/calm"),
            ] {
                #expect(reply.status == 503, "\(reply)")
                #expect(reply.text("code") == "storage_unavailable", "\(reply)")
            }
            let ready = try await wire.get("/readyz")
            #expect(ready.status == 200)
            #expect(ready.text("storage") == "failing")
            #expect(try await wire.get("/v1/breakers/calm/failures").status == 200)
        }

        private func expect(_ failures: Int, of breaker: String, _ wire: Wire) async throws {
            let view = try await wire.get("/v1/breakers/\(breaker)")
            #expect(view.number("counts", "consecutive_failures") == failures)
            let log = try await wire.get("/v1/breakers/\(breaker)/failures?page_size=1000")
            #expect(log.rows("failures").count == min(failures, 1_000))
        }
    }
}
