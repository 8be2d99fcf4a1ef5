import Testing

@testable import BreakerClient

@Suite("Whether to ask the server")
struct ReachabilityTests {
    private var way = Reachability()

    private typealias Attempt = Reachability.Attempt

    private mutating func begin(atNs nowNs: Int64) throws -> Attempt {
        let attempt = way.begin(atNs: nowNs)
        return try #require(attempt)
    }

    private mutating func mayBegin(atNs nowNs: Int64) -> Bool { way.begin(atNs: nowNs) != nil }

    private mutating func fail(_ attempt: Attempt, atNs nowNs: Int64) -> Reachability.Change? {
        way.failed(attempt, atNs: nowNs, jitter: 0.5)
    }

    private mutating func leave(atNs nowNs: Int64) throws {
        _ = fail(try begin(atNs: nowNs), atNs: nowNs)
        #expect(way.isAway)
    }

    private mutating func returns(atNs nowNs: Int64) throws {
        let change = way.answered(try begin(atNs: nowNs), atNs: nowNs)
        #expect(change != nil && !way.isAway)
    }

    /// The longest possible length of this pause, whatever its jitter.
    private func longestPauseNs(_ pauses: Int) -> Int64 {
        min(Reachability.firstPauseNs << Int64(pauses - 1), Reachability.longestPauseNs)
    }

    @Test("All calls ask a reachable server; after a failure none asks until the pause ends, and then only one")
    mutating func oneAtATime() throws {
        _ = try begin(atNs: 0)
        try leave(atNs: 0)
        let retryNs = way.retryAfterNs(atNs: 0)
        #expect(retryNs >= Reachability.firstPauseNs / 2 && retryNs <= Reachability.firstPauseNs)
        let early = mayBegin(atNs: retryNs - 1)
        let next = try begin(atNs: retryNs)
        let beside = mayBegin(atNs: .max)
        #expect(!early && !beside, "another one tries")
        let change = way.answered(next, atNs: retryNs)
        #expect(change == .returned(isLogged: true) && !way.isAway)
        for _ in 1...2 { _ = try begin(atNs: retryNs) }
    }

    @Test("Simultaneous failures count as one failure")
    mutating func together() throws {
        var attempts: [Attempt] = []
        for _ in 1...100 { attempts.append(try begin(atNs: 0)) }
        var changes: [Reachability.Change?] = []
        for attempt in attempts { changes.append(fail(attempt, atNs: 10)) }
        #expect(changes == [.left] + Array(repeating: nil, count: 99))
        #expect(way.absence.number == 1 && way.retryAfterNs(atNs: 10) <= Reachability.firstPauseNs)
    }

    @Test("The result of a request from before a known failure is ignored, whether an answer or a failure")
    mutating func late() throws {
        let slow = try begin(atNs: 0)
        try leave(atNs: 1)
        let answer = way.answered(slow, atNs: 2)
        #expect(answer == nil && way.isAway)
        let next = try begin(atNs: longestPauseNs(1) + 1)
        let failure = fail(slow, atNs: longestPauseNs(1) + 2)
        let beside = mayBegin(atNs: longestPauseNs(1) + 3)
        #expect(failure == nil && !beside, "another one still tries")
        let change = way.answered(next, atNs: longestPauseNs(1) + 4)
        #expect(change == .returned(isLogged: true))
    }

    @Test("A server that answers late is slow, not away; calls ask it again after a pause or an answer in time")
    mutating func slow() throws {
        let isReported = way.late(try begin(atNs: 0), atNs: 1, jitter: 0.5)
        let early = mayBegin(atNs: 1)
        #expect(isReported && !early && !way.isAway && !way.isThere)
        let next = try begin(atNs: longestPauseNs(1) + 1)
        let isReportedAgain = way.late(next, atNs: longestPauseNs(1) + 2, jitter: 0.5)
        #expect(!isReportedAgain, "once a minute is enough")
        let change = way.answered(try begin(atNs: longestPauseNs(3)), atNs: longestPauseNs(3))
        #expect(change == nil && way.isThere)
    }

    @Test(
        "A server that never answers a late request is away, unless it answered another one in the meantime",
        arguments: [true, false]
    )
    mutating func silent(answersOther: Bool) throws {
        let first = try begin(atNs: 0)
        let other = try begin(atNs: 0)
        _ = way.late(first, atNs: 1, jitter: 0.5)
        if answersOther { _ = way.answered(other, atNs: 2) }
        let change = fail(first, atNs: 3)
        #expect(change == (answersOther ? nil : .left) && way.isAway == !answersOther)
    }

    @Test(
        "A server that returns briefly stays in the same absence",
        arguments: [(Absence.steadyNs - 1, 1), (Absence.steadyNs, 2)]
    )
    mutating func absences(stayNs: Int64, number: Int) throws {
        try leave(atNs: 0)
        let returnNs = longestPauseNs(1)
        try returns(atNs: returnNs)
        try leave(atNs: returnNs + stayNs)
        #expect(way.absence.current(atNs: returnNs + stayNs) == number)
    }

    @Test("An absence lasts until both the decisions and the stream are back")
    mutating func both() throws {
        way.streamBroke(atNs: 0)
        try leave(atNs: 0)
        try returns(atNs: longestPauseNs(1))
        let laterNs = longestPauseNs(1) + 2 * Absence.steadyNs
        #expect(way.absence.current(atNs: laterNs) == 1)
        way.streamBreakEnded(atNs: laterNs)
        #expect(way.absence.current(atNs: laterNs + Absence.steadyNs - 1) == 1)
        #expect(way.absence.current(atNs: laterNs + Absence.steadyNs) == nil)
    }

    @Test("The pause grows if the server returns only briefly, and is short again after it has stayed")
    mutating func flapping() throws {
        var nowNs: Int64 = 0
        for failures in 1...8 {
            try leave(atNs: nowNs)
            #expect(way.retryAfterNs(atNs: nowNs) >= longestPauseNs(failures) / 2)
            nowNs += longestPauseNs(failures)
            try returns(atNs: nowNs)
        }
        nowNs += Reachability.longestPauseNs
        try leave(atNs: nowNs)
        #expect(way.retryAfterNs(atNs: nowNs) <= Reachability.firstPauseNs)
    }

    @Test("A server that leaves again within a minute is logged only if it is still away when the minute is over")
    mutating func logs() throws {
        let firstNs = longestPauseNs(1)
        try leave(atNs: 0)
        try returns(atNs: firstNs)
        let second = fail(try begin(atNs: firstNs), atNs: firstNs)
        let secondReturn = way.proved(atNs: firstNs)
        #expect(second == nil && secondReturn == .returned(isLogged: false))
        let times = [firstNs, Reachability.quietNs - 1, Reachability.quietNs, 2 * Reachability.quietNs]
        var third: [Reachability.Change?] = []
        for nowNs in times { third.append(fail(way.beginAtAnyRate(), atNs: nowNs)) }
        let thirdReturn = way.proved(atNs: times[3])
        #expect(third == [nil, nil, .left, nil] && thirdReturn == .returned(isLogged: true))
    }

    @Test("An attempt that asked nothing leaves room for the next one")
    mutating func withdrawn() throws {
        try leave(atNs: 0)
        way.withdrawn(try begin(atNs: longestPauseNs(1)))
        _ = try begin(atNs: longestPauseNs(1))
        #expect(way.isAway)
    }

    @Test("A sign of life ends the pause, and does not end the absence")
    mutating func endOfPause() throws {
        try leave(atNs: 0)
        way.endPause(atNs: 1)
        #expect(way.isAway)
        _ = try begin(atNs: 1)
        let beside = mayBegin(atNs: 1)
        #expect(!beside)
    }

    @Test("Proof that the server works ends an absence, even while another attempt is in flight")
    mutating func proved() throws {
        try leave(atNs: 0)
        _ = try begin(atNs: longestPauseNs(1))
        let changes = [way.proved(atNs: longestPauseNs(1)), way.proved(atNs: longestPauseNs(1))]
        #expect(changes == [.returned(isLogged: true), nil] && !way.isAway)
    }

    @Test(
        "The pauses grow up to a bound, and their jitter is up to half of their length",
        arguments: [(0, 100), (1, 200), (5, 3_200), (6, 5_000), (90, 5_000)]
    )
    func pauses(failures: Int, ms: Int64) {
        let pauses = [0, 0.5, 1].map { Reachability.pauseNs(afterFailures: failures, jitter: $0) }
        #expect(pauses == [ms * nsPerMs / 2, ms * nsPerMs * 3 / 4, ms * nsPerMs])
    }
}
