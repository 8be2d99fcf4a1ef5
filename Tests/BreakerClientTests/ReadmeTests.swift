import BreakerClient
import BreakerCore
import BreakerEngine
import EngineSupport
import Foundation
import TestSupport
import Testing

@Suite("The client example in the README")
struct ReadmeTests {
    private func charge(_ order: Int) async throws -> String { "order \(order) is charged" }

    @Test("The lines of the README protect a call")
    func lines() async throws {
        try await LiveServer.with { server in
            let order = 7
            // The breaker is older than the call, whose end the client dates with a running clock.
            _ = try await server.engine.acquire(BreakerName("payments")!)
            server.clock.advance(byMs: 5_000)
            // The README shows the lines from here
            let fusebox = Fusebox(url: server.url)
            let running = Task { try await fusebox.run() }
            let payments = fusebox.breaker("payments")
            let receipt = try await payments.call { try await charge(order) }
            // to here.
            #expect(receipt == "order 7 is charged")
            try await eventually("it is reported") { fusebox.statistics.waitingOutcomes == 0 }
            running.cancel()
            try await running.value
            #expect(try await server.breaker("payments").counts(at: server.clock.now()).calls == 1)
        }
    }

    @Test("The README shows the lines that this suite runs")
    func text() throws {
        let own = try String(contentsOfFile: #filePath, encoding: .utf8)
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let readme = try String(contentsOf: root.appendingPathComponent("README.md"), encoding: .utf8)
        let shown = try #require(readme.firstMatch(of: /```swift\n([^`]+)```/)).1
        let run = try #require(own.firstMatch(of: /from here\n((?s).*?)\/\/ to here/)).1
        #expect(statements(shown) == ["import BreakerClient"] + statements(run))
    }

    /// The statements without comments and empty lines.
    private func statements(_ code: Substring) -> [String] {
        code.replacing("\"http://127.0.0.1:7979\"", with: "server.url").split(separator: "\n")
            .map { $0.replacing(/\s\/\/ .*/, with: "").trimmingCharacters(in: .whitespaces) }
            .filter { !$0.isEmpty }
    }
}
