/// A small breaker around the server itself: behind one failure nobody waits for it until a moment has passed, then one
/// tries.
struct Reachability: Sendable {
    enum Change: Hashable, Sendable {
        case left, returned
    }

    /// How long the first pause lasts at most, in nanoseconds; each that follows is twice as long.
    static let firstPauseNs: Int64 = 100 * nsPerMs
    static let longestPauseNs: Int64 = 5_000 * nsPerMs

    private(set) var isAway = false
    /// Counts the times that the server was left, so that what stood in for it then is known from what does later.
    private(set) var absences = 0
    private var failures = 0
    private var hasRefused = false
    private var retryAtNs: Int64 = 0
    private var pauseNs: Int64 = 0

    /// Whether to ask the server. While it is away one may, when the pause is over; the next pause begins with that.
    mutating func mayTry(atNs nowNs: Int64) -> Bool {
        guard isAway else { return true }
        guard nowNs >= retryAtNs else { return false }
        retryAtNs = nowNs + pauseNs
        return true
    }

    /// Nanoseconds until someone tries again.
    func retryAfterNs(atNs nowNs: Int64) -> Int64 { max(0, retryAtNs - nowNs) }

    /// The server answered.
    /// - Parameter decided: whether that was a decision.
    mutating func succeeded(decided: Bool) -> Change? {
        failures = 0
        if decided { hasRefused = false }
        guard isAway else { return nil }
        isAway = false
        return .returned
    }

    /// It answered that it does not decide.
    /// - Returns: whether it decided before.
    mutating func refused() -> Bool {
        defer { hasRefused = true }
        return !hasRefused
    }

    /// It did not. The pause is jittered, so that many processes do not come back at one moment.
    mutating func failed(atNs nowNs: Int64, random: inout some RandomNumberGenerator) -> Change? {
        pauseNs = Self.pauseNs(afterFailures: failures, random: &random)
        failures += 1
        retryAtNs = nowNs + pauseNs
        guard !isAway else { return nil }
        isAway = true
        absences += 1
        return .left
    }

    /// - Parameter failures: how many there were in a row before this one.
    static func pauseNs(afterFailures failures: Int, random: inout some RandomNumberGenerator) -> Int64 {
        let whole = min(firstPauseNs << Int64(min(failures, 16)), longestPauseNs)
        return Int64.random(in: whole / 2...whole, using: &random)
    }
}
