import BreakerCore
import EngineSupport
import Testing

@testable import BreakerEngine

@Suite("The working copy")
struct WorkingCopyTests {
    @Test("The working copy hands out only the progress that was stored since the last time")
    func progress() async throws {
        try await RunningEngine.with { running in
            let engine = running.engine
            for number in 0..<20 { try await engine.report(Report(.success), to: "b\(number)") }
            func handedOut() async throws -> [String: Double] {
                let (panel, image) = (engine.panelImage(), ProgressImage())
                var progress: [String: Double] = [:]
                #expect(try await !engine.writer.handOutProgress(to: image, atMost: 100))
                image.read(panel, at: running.clock.now()) { read in
                    for (name, _) in panel.breakers where read(name) > 0 { progress[name.value] = read(name) }
                }
                return progress
            }
            #expect(try await handedOut() == [:])
            try await engine.report(Report(.failure), to: "b3")
            try await engine.report(Report(.failure), to: "b7")
            try await engine.report(Report(.failure), to: "b7")
            #expect(try await handedOut() == ["b3": 0.2, "b7": 0.4])
            #expect(try await handedOut() == [:])
        }
    }

    @Test("A breaker that is deleted and created in one batch begins with empty counts in the panel")
    func successor() throws {
        let name = try #require(BreakerName("payments"))
        let now = Instant(milliseconds: 1_000)
        var working = WorkingCopy(
            [],
            policies: PolicyPool(),
            revision: 0,
            at: now,
            book: PolicyBook(),
            limits: CreationLimits(Engine.Configuration())
        )
        let panel = Panel([], maximumBreakers: 10)
        _ = try working.create(name, for: .server)
        panel.publish(working.commitBatch(isStored: true).updates, at: now)
        #expect(panel.decision(for: name, at: now) != nil)
        #expect(panel.decisions([name]).map(\.allowed) == [1])

        working.delete(name, actor: "alice")
        _ = try working.create(name, for: .server)
        panel.publish(working.commitBatch(isStored: true).updates, at: now)
        #expect(panel.decisions([name]).map(\.allowed) == [0])
        #expect(panel.lastSeen([name]) == [nil])
        #expect(panel.decision(for: name, at: now) != nil)
    }
}
