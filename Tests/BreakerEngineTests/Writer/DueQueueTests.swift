import BreakerCore
import EngineSupport
import Testing

@testable import BreakerEngine

@Suite("What is due next")
struct DueQueueTests {
    private func name(_ number: Int) throws -> BreakerName { try #require(BreakerName("b\(number)")) }

    @Test("A breaker is due once its instant is reached, and is then scheduled no more")
    func takesDue() throws {
        var queue = DueQueue()
        let name = try name(1)
        queue.schedule(name, at: Instant(milliseconds: 10))
        #expect(queue.takeDue(at: Instant(milliseconds: 9)).isEmpty)
        #expect(queue.takeDue(at: Instant(milliseconds: 10)) == [name])
        #expect(queue.takeDue(at: Instant(milliseconds: 10)).isEmpty)
        #expect(queue.next() == nil)
    }

    @Test(
        "Whatever is scheduled, moved and unscheduled, each breaker comes up at its last instant, in order",
        arguments: 1...20
    )
    func agreesWithADictionary(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var queue = DueQueue()
        var expected: [BreakerName: Instant] = [:]
        var now: Int64 = 0
        for _ in 0..<2_000 {
            let name = try name(Int.random(in: 0..<50, using: &random))
            switch Int.random(in: 0..<10, using: &random) {
            case 0..<7:
                let at = Instant(milliseconds: now + Int64.random(in: 0..<100, using: &random))
                queue.schedule(name, at: at)
                expected[name] = at
            case 7:
                queue.schedule(name, at: nil)
                expected[name] = nil
            default:
                now += Int64.random(in: 0..<20, using: &random)
                let due = expected.filter { $0.value.milliseconds <= now }
                let taken = queue.takeDue(at: Instant(milliseconds: now))
                #expect(Set(taken) == Set(due.keys), "seed \(seed)")
                #expect(
                    taken.map { due[$0]?.milliseconds ?? -1 } == due.values.map(\.milliseconds).sorted(),
                    "seed \(seed)"
                )
                for name in due.keys { expected[name] = nil }
            }
            #expect(queue.next() == expected.values.min(), "seed \(seed)")
        }
    }
}
