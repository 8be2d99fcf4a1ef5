import BreakerCore
import EngineSupport
import TestSupport
import Testing

@testable import BreakerEngine

@Suite("The queue of due breakers")
struct DueQueueTests {
    private func name(_ number: Int) throws -> BreakerName { try #require(BreakerName("b\(number)")) }

    @Test("A breaker is due once its instant is reached, and leaves the queue when it is taken")
    func takesDue() throws {
        var queue = DueQueue()
        let name = try name(1)
        queue.schedule(name, at: Instant(milliseconds: 10))
        #expect(queue.takeDue(at: Instant(milliseconds: 9), limit: 10).isEmpty)
        #expect(queue.takeDue(at: Instant(milliseconds: 10), limit: 10) == [name])
        #expect(queue.takeDue(at: Instant(milliseconds: 10), limit: 10).isEmpty)
        #expect(queue.next() == nil)
    }

    @Test(
        "Each breaker comes up at the instant for which it was last scheduled, in order",
        arguments: 1...20
    )
    func agreesWithADictionary(seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
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
                let taken = queue.takeDue(at: Instant(milliseconds: now), limit: .max)
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

    @Test("The queue hands out no more breakers than asked for, and the others stay due")
    func takesNoMore() throws {
        var queue = DueQueue()
        for number in 1...5 { queue.schedule(try name(number), at: Instant(milliseconds: Int64(number))) }
        #expect(try queue.takeDue(at: Instant(milliseconds: 5), limit: 2) == [name(1), name(2)])
        #expect(queue.next() == Instant(milliseconds: 3))
        #expect(try queue.takeDue(at: Instant(milliseconds: 5), limit: 10) == [name(3), name(4), name(5)])
    }

    @Test("The queue stays small when a breaker is rescheduled many times")
    func isBounded() throws {
        var queue = DueQueue()
        for step in 1...10_000 {
            queue.schedule(try name(step % 3), at: Instant(milliseconds: 1_000_000 - Int64(step)))
            #expect(queue.size <= 100)
        }
    }
}
