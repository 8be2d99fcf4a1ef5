import BreakerCore

/// The offset between the server's clock and this process's clock, estimated from heartbeats.
///
/// A heartbeat carries the instant at which it was written, and arrives after a delay. So the heartbeat with the
/// shortest delay gives the best estimate, and no instant seems due too early. Clocks drift, so only the heartbeats of
/// the last minutes count. If the server's clock is set, the estimate begins anew.
struct ServerTimes: Hashable, Sendable {
    /// Added to an instant of the server to get one of this process.
    var offsetNs: Int64 { min(presentNs, formerNs) }

    /// How long the shortest delay counts: at least this long, at most twice as long.
    static let windowNs: Int64 = 300_000 * nsPerMs
    private var presentNs: Int64
    private var formerNs = Int64.max
    private var beganNs: Int64

    /// - Parameters:
    ///   - instant: the server's current instant as it was received.
    ///   - nowNs: when it was received.
    /// - Returns: `nil` if `instant` is out of range.
    init?(at instant: Instant, nowNs: Int64) {
        guard let serverNs = Self.ns(instant) else { return nil }
        presentNs = nowNs - serverNs
        beganNs = nowNs
    }

    /// Adds another heartbeat.
    mutating func add(_ other: ServerTimes) {
        if other.beganNs - beganNs >= Self.windowNs {
            formerNs = presentNs
            presentNs = other.presentNs
            beganNs = other.beganNs
        } else {
            presentNs = min(presentNs, other.presentNs)
        }
    }

    /// - Returns: `nil` if `instant` is out of range.
    func localNs(_ instant: Instant) -> Int64? {
        Self.ns(instant).map { $0 + offsetNs }
    }

    /// Nanoseconds since 1970. Half of the range of 64 bits lasts until 2116, and leaves room for the differences of
    /// clocks.
    private static func ns(_ instant: Instant) -> Int64? {
        let (ns, isTooFar) = instant.milliseconds.multipliedReportingOverflow(by: nsPerMs)
        return isTooFar || ns < 0 || ns > Int64.max / 2 ? nil : ns
    }
}
