/// A small breaker around one way to the server: behind one failure nobody waits for it until a moment has passed, then
/// one tries.
///
/// There is one for decisions and one for outcomes. They fail apart: with a full disk a server decides, and takes no
/// outcome.
struct Reachability: Sendable {
    enum Change: Hashable, Sendable {
        case left, returned
    }

    /// A try, to be followed by what came of it: ``answered(_:atNs:)``, ``failed(_:atNs:jitter:)`` or ``withdrawn(_:)``.
    ///
    /// However many are under way at once, they fail as one, and once that is told, an answer that comes late says nothing.
    struct Attempt: Hashable, Sendable {
        fileprivate let round: Int
    }

    /// How long the first pause lasts at most, in nanoseconds; each that follows is twice as long.
    static let firstPauseNs: Int64 = 100 * nsPerMs
    static let longestPauseNs: Int64 = 5_000 * nsPerMs

    private(set) var isAway = false
    /// Counts the times that the server was left, so that what stood in for it then is known from what does later.
    private(set) var absences = 0
    /// Counts the failures that were told.
    private var round = 0
    /// Failures in a row, those included that a short return came between.
    private var failures = 0
    private var isTrying = false
    private var retryAtNs: Int64 = 0
    private var pauseNs: Int64 = 0
    private var returnedNs = Int64.min / 2

    /// - Returns: `nil` where the server is not to be asked: it is away, and the pause is not over, or another one tries.
    mutating func begin(atNs nowNs: Int64) -> Attempt? {
        if isAway {
            guard !isTrying, nowNs >= retryAtNs else { return nil }
            isTrying = true
        }
        return Attempt(round: round)
    }

    /// An attempt that no pause keeps from being made: the last one.
    func beginAtAnyRate() -> Attempt { Attempt(round: round) }

    /// Nanoseconds until someone tries again.
    func retryAfterNs(atNs nowNs: Int64) -> Int64 { max(0, retryAtNs - nowNs) }

    mutating func answered(_ attempt: Attempt, atNs nowNs: Int64) -> Change? {
        attempt.round == round ? proved(atNs: nowNs) : nil
    }

    /// What it did for someone else proves that it is there.
    mutating func proved(atNs nowNs: Int64) -> Change? {
        guard isAway else { return nil }
        isAway = false
        isTrying = false
        returnedNs = nowNs
        return .returned
    }

    /// The pause is jittered, so that many processes do not come back at one moment. It grows on where the server did not
    /// stay for as long as the last one took, so that one that comes and goes is left more and more seldom.
    /// - Parameter jitter: as in ``pauseNs(afterFailures:longest:jitter:)``.
    mutating func failed(_ attempt: Attempt, atNs nowNs: Int64, jitter: Double) -> Change? {
        guard attempt.round == round else { return nil }
        round += 1
        isTrying = false
        if !isAway, nowNs - returnedNs >= pauseNs { failures = 0 }
        pauseNs = Self.pauseNs(afterFailures: failures, jitter: jitter)
        failures += 1
        retryAtNs = nowNs + pauseNs
        guard !isAway else { return nil }
        isAway = true
        absences += 1
        return .left
    }

    /// There was nothing to ask.
    mutating func withdrawn(_ attempt: Attempt) {
        if attempt.round == round { isTrying = false }
    }

    /// Something says that it may be worth trying.
    mutating func endPause(atNs nowNs: Int64) { retryAtNs = min(retryAtNs, nowNs) }

    /// - Parameters:
    ///   - failures: how many there were in a row before this one.
    ///   - longest: what the pause does not exceed, in nanoseconds.
    ///   - jitter: any number from 0 to 1, another one each time: from half of the pause to all of it.
    static func pauseNs(afterFailures failures: Int, longest: Int64 = longestPauseNs, jitter: Double) -> Int64 {
        let whole = min(firstPauseNs << Int64(min(failures, 16)), longest)
        return whole / 2 + Int64(Double(whole / 2) * jitter)
    }
}
