import BreakerCore

/// How the server's clock relates to this process's, as far as its signs of life tell.
///
/// Each was written at the instant it carries, and read later by what it was under way: so the one that was quickest is
/// nearest to the truth, and no instant seems due before it is. Clocks drift, so the quickest of the last minutes counts,
/// not that of all time.
struct ServerTimes: Hashable, Sendable {
    /// What is added to a server's instant to have this process's.
    var offsetNs: Int64 { min(presentNs, formerNs) }

    /// For how long the quickest counts at least; up to twice that.
    static let windowNs: Int64 = 300_000 * nsPerMs
    private var presentNs: Int64
    private var formerNs = Int64.max
    private var beganNs: Int64

    /// - Parameters:
    ///   - text: the server's present instant, as it came: RFC 3339.
    ///   - nowNs: when it came.
    /// - Returns: `nil` where that is no instant.
    init?(at text: String, nowNs: Int64) {
        guard let serverNs = Self.ns(text) else { return nil }
        presentNs = nowNs - serverNs
        beganNs = nowNs
    }

    /// One more of them.
    mutating func hear(_ other: ServerTimes) {
        if other.beganNs - beganNs >= Self.windowNs {
            formerNs = presentNs
            presentNs = other.presentNs
            beganNs = other.beganNs
        } else {
            presentNs = min(presentNs, other.presentNs)
        }
    }

    /// - Returns: `nil` for what is no instant, or none that can be reckoned with.
    func localNs(_ text: String) -> Int64? {
        Self.ns(text).map { $0 + offsetNs }
    }

    /// Since 1970. Half of what 64 bits hold is enough until 2116, and leaves room for the differences of clocks.
    private static func ns(_ text: String) -> Int64? {
        guard let instant = Instant(timestamp: text) else { return nil }
        let (ns, isTooFar) = instant.milliseconds.multipliedReportingOverflow(by: nsPerMs)
        return isTooFar || ns < 0 || ns > Int64.max / 2 ? nil : ns
    }
}
