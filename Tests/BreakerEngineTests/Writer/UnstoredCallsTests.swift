import BreakerCore
import BreakerStorage
import EngineSupport
import Testing

@testable import BreakerEngine

@Suite("Calls that are not stored yet")
struct UnstoredCallsTests {
    private static let minute = Minute(of: ManualClock.start)

    private static func decided(_ times: Int) -> DecisionCounts {
        var tally = DecisionCounts()
        for _ in 0..<times { tally.add(.allowed(Permit(generation: 1), state: .closed)) }
        return tally
    }

    private static func rows(_ calls: inout UnstoredCalls, takesWaiting: Bool = true) -> [WriteBatch.CallRow] {
        calls.rows(without: [], takesWaiting: takesWaiting)
    }

    @Test("Decisions are handed out in slices, the oldest minute first, each once")
    func slices() {
        var calls = UnstoredCalls()
        let later = Minute(Self.minute.number + 1)
        for id in 1...Int64(UnstoredCalls.rowsAtATime + 1) {
            calls.add(Self.decided(1), breakerID: id, minute: later)
            calls.add(Self.decided(2), breakerID: id, minute: Self.minute)
        }
        var stored: [WriteBatch.CallRow] = []
        var sizes: [Int] = []
        while !calls.isEmpty {
            let rows = Self.rows(&calls)
            calls.stored()
            sizes.append(rows.count)
            stored += rows
        }
        #expect(sizes == [UnstoredCalls.rowsAtATime, 1, UnstoredCalls.rowsAtATime, 1])
        #expect(stored.map(\.minute) == stored.map(\.minute).sorted())
        #expect(Set(stored.map(\.breakerID)).count == UnstoredCalls.rowsAtATime + 1)
        #expect(stored.reduce(0) { $0 + $1.tally.allowed } == Int64(3 * (UnstoredCalls.rowsAtATime + 1)))
    }

    @Test("If a batch fails, the decisions stay and the batch's reports are dropped")
    func failure() {
        var calls = UnstoredCalls()
        calls.add(Self.decided(1), breakerID: 1, minute: Self.minute)
        calls.add(.failure, count: 3, isSlow: false, breakerID: 1, minute: Self.minute)
        #expect(Self.rows(&calls).map(\.tally.failures) == [3])
        calls.forgetBatch()
        let rows = Self.rows(&calls)
        #expect(rows.map(\.tally.allowed) == [1])
        #expect(rows.map(\.tally.failures) == [0])
    }

    @Test("A batch has one row for each minute and breaker, in order, whenever the calls ended")
    func order() {
        var calls = UnstoredCalls()
        let (before, after) = (Minute(Self.minute.number - 1), Minute(Self.minute.number + 1))
        calls.add(Self.decided(1), breakerID: 2, minute: Self.minute)
        for (breakerID, minute) in [(2, after), (1, after), (2, before), (2, Self.minute), (2, after)]
            as [(Int64, Minute)]
        {
            calls.add(.failure, count: 1, isSlow: false, breakerID: breakerID, minute: minute)
        }
        let rows = Self.rows(&calls)
        #expect(rows.map(\.minute) == [before, Self.minute, after, after])
        #expect(rows.map(\.breakerID) == [2, 2, 1, 2])
        #expect(rows.map(\.tally.failures) == [1, 1, 1, 2])
        #expect(rows.map(\.tally.allowed) == [0, 1, 0, 0])
    }

    @Test("A batch that takes no waiting calls has only its own reports")
    func little() {
        var calls = UnstoredCalls()
        calls.add(Self.decided(1), breakerID: 1, minute: Self.minute)
        calls.add(.success, count: 1, isSlow: false, breakerID: 2, minute: Self.minute)
        #expect(Self.rows(&calls, takesWaiting: false).map(\.breakerID) == [2])
        calls.stored()
        #expect(Self.rows(&calls).map(\.breakerID) == [1])
    }

    @Test("Calls of batches that need no write add up by minute, and those of deleted breakers are not stored")
    func adding() {
        var calls = UnstoredCalls()
        for _ in 1...2 {
            calls.add(.ignored, count: 2, isSlow: false, breakerID: 1, minute: Self.minute)
            calls.add(.ignored, count: 1, isSlow: false, breakerID: 2, minute: Self.minute)
            calls.keepBatch()
        }
        let steps = CallHistory.Steps(endingAt: Self.minute.start, length: 1, count: 1)
        #expect(calls.calls(of: 1, in: steps).map(\.tally.ignored) == [4])
        let rows = calls.rows(without: [1], takesWaiting: true)
        #expect(rows.map(\.breakerID) == [2])
        calls.stored()
        #expect(calls.isEmpty)
    }

    @Test(
        "A batch that needs no write drops its calls once too many wait",
        arguments: [(UnstoredCalls.limit - 1, 1), (UnstoredCalls.limit, 0)]
    )
    func full(count: Int, kept: Int) {
        var calls = UnstoredCalls()
        for id in 1...Int64(count) { calls.add(Self.decided(1), breakerID: id, minute: Self.minute) }
        calls.add(.ignored, count: 1, isSlow: false, breakerID: -1, minute: Self.minute)
        calls.keepBatch()
        let steps = CallHistory.Steps(endingAt: Self.minute.start, length: 1, count: 1)
        #expect(calls.calls(of: -1, in: steps).count == kept)
        #expect(calls.isFull)
    }
}
