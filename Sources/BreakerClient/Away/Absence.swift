/// The periods in which a breaker of this process decides in place of the server's.
///
/// An absence begins where the stream of changes breaks off, or the server gives no decision in time. It ends when the
/// server has been back for a while: a server that comes and goes has one stand-in, which keeps what it counted and
/// grants no probe anew at each return.
struct Absence: Sendable {
    /// Why the server counts as absent: its stream broke, or it gives no decisions.
    enum Cause: Hashable, Sendable {
        case stream, decisions
    }

    /// How long the server has to be back for the next absence to be another one, in nanoseconds.
    static let steadyNs = 2 * Reachability.longestPauseNs

    /// Tells the stand-ins of one absence from those of another.
    private(set) var number = 0
    private var causes: Set<Cause> = []
    private var endedNs = Int64.min / 2

    /// - Returns: the number of the absence; `nil` where the server is there, and has been for a while.
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
