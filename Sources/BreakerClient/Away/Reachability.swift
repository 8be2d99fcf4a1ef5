/// A small breaker around one way to the server. After an attempt fails or takes too long, no caller waits for the
/// server until a pause is over. Then one caller tries.
///
/// There is one for decisions and one for outcomes. They fail separately: with a full disk a server decides but accepts
/// no outcome. A server that answers late is slow, not away.
struct Reachability: Sendable {
    /// The action that follows an event.
    enum Change: Hashable, Sendable {
        /// Log that the server is away.
        case left
        /// Go on with a server that was away.
        /// - `isLogged`: whether to log it: only if the log says that the server was away.
        case returned(isLogged: Bool)
    }

    /// One attempt to reach the server. Its result follows: ``answered(_:atNs:)``, ``late(_:atNs:jitter:)``,
    /// ``failed(_:atNs:jitter:)`` or ``withdrawn(_:)``. A late attempt is later also answered or fails.
    ///
    /// Attempts in progress at the same time count as one failure. After that failure, a late answer to one of them
    /// does not prove that the server is back.
    struct Attempt: Hashable, Sendable {
        fileprivate let round: Int
        /// The number of answers when the attempt began.
        fileprivate let answers: Int
    }

    private enum Condition {
        case there, slow, away
    }

    /// The maximum length of the first pause, in nanoseconds; each further pause is twice as long.
    static let firstPauseNs: Int64 = 100 * nsPerMs
    static let longestPauseNs: Int64 = 5_000 * nsPerMs
    /// The minimum time between two log messages that the server is slow, or that it is away, in nanoseconds.
    static let quietNs: Int64 = 60_000 * nsPerMs

    private var condition = Condition.there
    /// The absence in which a stand-in decides.
    private(set) var absence = Absence()
    /// The number of counted failures.
    private var round = 0
    private var answers = 0
    /// The number of failures in a row. A short return of the server does not end the row.
    private var failures = 0
    private var isTrying = false
    private var retryAtNs: Int64 = 0
    private var pauseNs: Int64 = 0
    private var returnedNs = Int64.min / 2
    private var slowToldNs = Int64.min / 2
    private var awayToldNs = Int64.min / 2
    /// Whether the log says that the server is away.
    private var isAwayTold = false

    /// Whether the server answers in time, as far as is known.
    var isThere: Bool { condition == .there }
    var isAway: Bool { condition == .away }

    /// - Returns: `nil` if the caller must not ask the server: the pause is not over, or another caller tries.
    mutating func begin(atNs nowNs: Int64) -> Attempt? {
        if !isThere {
            guard !isTrying, nowNs >= retryAtNs else { return nil }
            isTrying = true
        }
        return beginAtAnyRate()
    }

    /// Begins an attempt even during a pause, for the last outcomes and for probes.
    func beginAtAnyRate() -> Attempt { Attempt(round: round, answers: answers) }

    /// Nanoseconds until the pause is over.
    func retryAfterNs(atNs nowNs: Int64) -> Int64 { max(0, retryAtNs - nowNs) }

    mutating func answered(_ attempt: Attempt, atNs nowNs: Int64) -> Change? {
        answers += 1
        guard attempt.round != round else { return returned(atNs: nowNs) }
        if !isAway { absence.end(.decisions, atNs: nowNs) }
        return nil
    }

    /// Notes that an answer on the other way to the server proves that the server is reachable.
    mutating func proved(atNs nowNs: Int64) -> Change? {
        answers += 1
        return returned(atNs: nowNs)
    }

    private mutating func returned(atNs nowNs: Int64) -> Change? {
        guard !isThere else { return nil }
        defer {
            condition = .there
            isAwayTold = false
        }
        isTrying = false
        returnedNs = nowNs
        absence.end(.decisions, atNs: nowNs)
        return isAway ? .returned(isLogged: isAwayTold) : nil
    }

    /// Notes that the caller has stopped waiting for the answer.
    /// - Returns: whether to log it.
    mutating func late(_ attempt: Attempt, atNs nowNs: Int64, jitter: Double) -> Bool {
        guard attempt.round == round else { return false }
        pause(atNs: nowNs, jitter: jitter)
        guard !isAway else { return false }
        condition = .slow
        guard nowNs - slowToldNs >= Self.quietNs else { return false }
        slowToldNs = nowNs
        return true
    }

    /// Notes that an attempt failed. If the attempt was late before, the server counts as away only if it has answered
    /// nothing since the attempt began.
    /// - Parameter jitter: as in ``pauseNs(afterFailures:longest:jitter:)``.
    mutating func failed(_ attempt: Attempt, atNs nowNs: Int64, jitter: Double) -> Change? {
        let isNews = attempt.round == round
        if isNews { pause(atNs: nowNs, jitter: jitter) }
        if isNews || attempt.answers == answers { condition = .away }
        // A server that fails repeatedly is logged once a minute, and one that stays away when that minute is over.
        guard isAway, !isAwayTold, nowNs - awayToldNs >= Self.quietNs else { return nil }
        isAwayTold = true
        awayToldNs = nowNs
        return .left
    }

    /// Starts a pause. It is jittered, so that many processes do not come back at one moment. It continues to grow if
    /// the server was back for less time than the last pause, so that clients try an unstable server less and less
    /// often.
    private mutating func pause(atNs nowNs: Int64, jitter: Double) {
        round += 1
        isTrying = false
        if isThere, nowNs - returnedNs >= pauseNs { failures = 0 }
        pauseNs = Self.pauseNs(afterFailures: failures, jitter: jitter)
        failures += 1
        retryAtNs = nowNs + pauseNs
        absence.begin(.decisions, atNs: nowNs)
    }

    /// Ends an attempt that had nothing to send.
    mutating func withdrawn(_ attempt: Attempt) {
        if attempt.round == round { isTrying = false }
    }

    /// Ends the pause early, because the server may be reachable.
    mutating func endPause(atNs nowNs: Int64) { retryAtNs = min(retryAtNs, nowNs) }

    mutating func streamBroke(atNs nowNs: Int64) { absence.begin(.stream, atNs: nowNs) }

    /// Notes that a stream is connected, or that none is expected.
    mutating func streamBreakEnded(atNs nowNs: Int64) { absence.end(.stream, atNs: nowNs) }

    /// - Parameters:
    ///   - failures: the number of failures in a row before this one.
    ///   - longest: the maximum length of the pause, in nanoseconds.
    ///   - jitter: a random number from 0 to 1: from half of the pause to all of it.
    static func pauseNs(afterFailures failures: Int, longest: Int64 = longestPauseNs, jitter: Double) -> Int64 {
        let whole = min(firstPauseNs << Int64(min(failures, 16)), longest)
        return whole / 2 + Int64(Double(whole / 2) * jitter)
    }
}

/// Tracks the periods in which a breaker of this process decides in place of the server's.
///
/// An absence begins when the stream of changes breaks off, or when the server gives no decision in time. It ends when
/// the server has been back for a while. So a server that fails repeatedly has one stand-in, which keeps its counts and
/// does not grant another probe after each return.
struct Absence: Sendable {
    /// Why the server counts as absent: its stream broke off, or it gives no decisions.
    enum Cause: Hashable, Sendable {
        case stream, decisions
    }

    /// How long the server has to be back before an absence ends, in nanoseconds.
    static let steadyNs = 2 * Reachability.longestPauseNs

    /// The number of the current or last absence, which its stand-ins carry.
    private(set) var number = 0
    private var causes: Set<Cause> = []
    private var endedNs = Int64.min / 2

    /// - Returns: the number of the absence; `nil` if the server has been reachable for a while.
    func current(atNs nowNs: Int64) -> Int? {
        causes.isEmpty && nowNs - endedNs >= Self.steadyNs ? nil : number
    }

    mutating func begin(_ cause: Cause, atNs nowNs: Int64) {
        if current(atNs: nowNs) == nil { number += 1 }
        causes.insert(cause)
    }

    mutating func end(_ cause: Cause, atNs nowNs: Int64) {
        if causes.remove(cause) != nil, causes.isEmpty { endedNs = nowNs }
    }
}
