import BreakerText

/// The summary of the demo, gathered while it runs.
struct DemoSummary {
    private var openedAt: Double?
    private var closedAt: Double?
    private var isClosed = true
    private var deniedWhileDead = 0
    private var failures = 0
    private var probes = 0
    private var cause = ""

    /// Notes the breaker's state `elapsed` seconds after the start.
    ///
    /// - Parameter detail: the detail of its last transition.
    mutating func see(state: String, detail: String?, tally: DemoTally, elapsed: Double) {
        if Demo.outage.contains(elapsed) { deniedWhileDead = tally.denied }
        failures = tally.failures
        probes = tally.probes
        let isClosed = state == "closed"
        defer { self.isClosed = isClosed }
        if self.isClosed, !isClosed {
            openedAt = openedAt ?? elapsed
            cause = detail?.printable ?? ""
        }
        if !self.isClosed, isClosed { closedAt = elapsed }
    }

    /// - Returns: `nil` if the breaker did not open and close again.
    func text(workers: Int, downstream: DemoDownstream.Counts) -> String? {
        guard let openedAt, let closedAt else { return nil }
        let outage = Demo.outage
        return """

            The provider was dead for \(Int(outage.upperBound - outage.lowerBound)) s.
              detected  \(tenths(openedAt - outage.lowerBound)) s after the provider died: \(cause)
              denied    \(deniedWhileDead) calls to the dead provider, which received only \
            \(downstream.callsWhileDead) calls
              probes    \(probes) in total, at most \(downstream.mostProbesAtOnce) at once, from \(workers) workers
              recovered \(tenths(closedAt - outage.upperBound)) s after the provider came back

            """
    }

    private func tenths(_ seconds: Double) -> String {
        let tenths = Int((seconds * 10).rounded())
        return "\(tenths / 10).\(tenths % 10)"
    }
}
