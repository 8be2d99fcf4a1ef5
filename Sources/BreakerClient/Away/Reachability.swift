/// A small breaker around one way to the server: behind one attempt that failed or took too long nobody waits for it until
/// a moment has passed, then one tries.
///
/// There is one for decisions and one for outcomes. They fail apart: with a full disk a server decides, and takes no
/// outcome. And a server that answers late is slow, not away.
struct Reachability: Sendable {
    enum Change: Hashable, Sendable {
        case left, returned
    }

    /// A try, to be followed by what came of it: ``answered(_:atNs:)``, ``late(_:atNs:jitter:)``,
    /// ``failed(_:atNs:jitter:)`` or ``withdrawn(_:)``. One that is late is answered or fails all the same.
    ///
    /// However many are under way at once, they fail as one, and once that is told, an answer that comes late does not say
    /// that the server is back.
    struct Attempt: Hashable, Sendable {
        fileprivate let round: Int
        /// How many answers there were when it began.
        fileprivate let answers: Int
    }

    private enum Condition {
        case there, slow, away
    }

    /// How long the first pause lasts at most, in nanoseconds; each that follows is twice as long.
    static let firstPauseNs: Int64 = 100 * nsPerMs
    static let longestPauseNs: Int64 = 5_000 * nsPerMs
    /// How often a server that goes on being slow is worth a word, in nanoseconds.
    static let quietNs: Int64 = 60_000 * nsPerMs

    private var condition = Condition.there
    /// The absence in which a stand-in decides.
    private(set) var absence = Absence()
    /// Counts the failures that were told.
    private var round = 0
    private var answers = 0
    /// Failures in a row, those included that a short return came between.
    private var failures = 0
    private var isTrying = false
    private var retryAtNs: Int64 = 0
    private var pauseNs: Int64 = 0
    private var returnedNs = Int64.min / 2
    private var slowToldNs = Int64.min / 2

    /// Whether it is answered in time, as far as is known.
    var isThere: Bool { condition == .there }
    var isAway: Bool { condition == .away }

    /// - Returns: `nil` where the server is not to be asked: the pause is not over, or another one tries.
    mutating func begin(atNs nowNs: Int64) -> Attempt? {
        if !isThere {
            guard !isTrying, nowNs >= retryAtNs else { return nil }
            isTrying = true
        }
        return beginAtAnyRate()
    }

    /// An attempt that no pause keeps from being made: the last one.
    func beginAtAnyRate() -> Attempt { Attempt(round: round, answers: answers) }

    /// Nanoseconds until someone tries again.
    func retryAfterNs(atNs nowNs: Int64) -> Int64 { max(0, retryAtNs - nowNs) }

    mutating func answered(_ attempt: Attempt, atNs nowNs: Int64) -> Change? {
        answers += 1
        guard attempt.round != round else { return returned(atNs: nowNs) }
        if !isAway { absence.end(.decisions, atNs: nowNs) }
        return nil
    }

    /// What it did for someone else proves that it is there.
    mutating func proved(atNs nowNs: Int64) -> Change? {
        answers += 1
        return returned(atNs: nowNs)
    }

    private mutating func returned(atNs nowNs: Int64) -> Change? {
        guard !isThere else { return nil }
        defer { condition = .there }
        isTrying = false
        returnedNs = nowNs
        absence.end(.decisions, atNs: nowNs)
        return isAway ? .returned : nil
    }

    /// The caller has stopped waiting for the answer.
    /// - Returns: whether that is worth a word.
    mutating func late(_ attempt: Attempt, atNs nowNs: Int64, jitter: Double) -> Bool {
        guard attempt.round == round else { return false }
        pause(atNs: nowNs, jitter: jitter)
        guard !isAway else { return false }
        condition = .slow
        guard nowNs - slowToldNs >= Self.quietNs else { return false }
        slowToldNs = nowNs
        return true
    }

    /// One that was late already says that the server is away unless anything was answered since it began.
    /// - Parameter jitter: as in ``pauseNs(afterFailures:longest:jitter:)``.
    mutating func failed(_ attempt: Attempt, atNs nowNs: Int64, jitter: Double) -> Change? {
        let isNews = attempt.round == round
        if isNews { pause(atNs: nowNs, jitter: jitter) }
        guard !isAway, isNews || attempt.answers == answers else { return nil }
        condition = .away
        return .left
    }

    /// The pause is jittered, so that many processes do not come back at one moment. It grows on where the server did not
    /// stay for as long as the last one took, so that one that comes and goes is left more and more seldom.
    private mutating func pause(atNs nowNs: Int64, jitter: Double) {
        round += 1
        isTrying = false
        if isThere, nowNs - returnedNs >= pauseNs { failures = 0 }
        pauseNs = Self.pauseNs(afterFailures: failures, jitter: jitter)
        failures += 1
        retryAtNs = nowNs + pauseNs
        absence.begin(.decisions, atNs: nowNs)
    }

    /// There was nothing to ask.
    mutating func withdrawn(_ attempt: Attempt) {
        if attempt.round == round { isTrying = false }
    }

    /// Something says that it may be worth trying.
    mutating func endPause(atNs nowNs: Int64) { retryAtNs = min(retryAtNs, nowNs) }

    mutating func streamBroke(atNs nowNs: Int64) { absence.begin(.stream, atNs: nowNs) }

    /// A stream was connected, or none is waited for.
    mutating func streamBreakEnded(atNs nowNs: Int64) { absence.end(.stream, atNs: nowNs) }

    /// - Parameters:
    ///   - failures: how many there were in a row before this one.
    ///   - longest: what the pause does not exceed, in nanoseconds.
    ///   - jitter: any number from 0 to 1, another one each time: from half of the pause to all of it.
    static func pauseNs(afterFailures failures: Int, longest: Int64 = longestPauseNs, jitter: Double) -> Int64 {
        let whole = min(firstPauseNs << Int64(min(failures, 16)), longest)
        return whole / 2 + Int64(Double(whole / 2) * jitter)
    }
}
