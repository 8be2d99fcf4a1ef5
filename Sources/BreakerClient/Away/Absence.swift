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
