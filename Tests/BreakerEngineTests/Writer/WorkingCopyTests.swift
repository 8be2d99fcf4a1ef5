import BreakerCore
import Testing

@testable import BreakerEngine

@Suite("The working copy")
struct WorkingCopyTests {
    @Test("A breaker that takes the name of one deleted in the same batch has nothing of it in the panel")
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
