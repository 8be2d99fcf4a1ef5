import Foundation
import TestSupport
import Testing

extension ProcessTests {
    @Suite(.enabled(if: SteppedClock.isPossible, "the library that sets the clock is made by a C compiler"))
    struct ClockStepTests {
        @Test(
            "A step of the system clock by two hours moves the displayed instants, and no deadline",
            .timeLimit(.minutes(3)),
            arguments: [-7_200_000, 7_200_000] as [Int64]
        )
        func step(aheadMs: Int64) async throws {
            let (folder, clock) = (try TemporaryFolder(), try SteppedClock())
            let server = try await ServerProcess.start(
                database: folder.path("fusebox.db"),
                environment: clock.environment
            )
            defer { server.child.kill() }
            let policy = #"{"policy":{"failure_threshold":1,"recovery_timeout_ms":600000}}"#
            try await server.wire.putPolicy(policy, of: "payments")
            #expect(try await server.wire.fail("payments").text("state") == "open")
            let stream = try RawSocket(url: server.url)
            try stream.send("GET /v1/events HTTP/1.1\r\nhost: x\r\n\r\n")
            var heard = ""
            try await eventually("the stream begins") {
                heard += stream.readSome()
                return heard.contains("payments")
            }
            let since = try await instant("since", of: server)
            let start = ContinuousClock.now
            let before = try #require(try await server.wire.acquire("payments").number("retry_after_ms"))

            try clock.set(aheadMs: aheadMs)
            try await eventually("what is shown has moved") {
                let moved = try await instant("since", of: server).timeIntervalSince(since)
                return abs(moved - Double(aheadMs) / 1_000) < 60
            }
            let after = try #require(try await server.wire.acquire("payments").number("retry_after_ms"))
            let passedMs = Int((ContinuousClock.now - start) / .milliseconds(1))
            #expect((before - passedMs - 100...before).contains(after), "\(before) ms, then \(after)")
            try await eventually("the stream sends the panel again") {
                heard += stream.readSome()
                return heard.contains("clock_step")
            }
            #expect(try await server.wire.fail("payments").text("state") == "open")
            try await server.stop()
            #expect(server.log.contains("The system's clock was set"), "\(server.log)")
        }

        private func instant(_ key: String, of server: ServerProcess) async throws -> Date {
            let text = try #require(try await server.wire.get("/v1/breakers/payments").text(key))
            return try Date(text, strategy: .iso8601.year().month().day().time(includingFractionalSeconds: true))
        }
    }
}
