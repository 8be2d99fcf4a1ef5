package import BreakerCore

/// A breaker's calls over time, in consecutive steps of equal length.
package struct HistoryDocument: Document {
    package struct Point: Codable, Hashable, Sendable {
        /// When the step begins.
        package var at: Instant
        package var successes: Int64
        package var failures: Int64
        package var slow: Int64
        package var ignored: Int64
        package var allowed: Int64
        package var denied: Int64
    }

    package var name: String
    package var from: Instant
    package var to: Instant
    package var stepMs: Int64
    /// Oldest first, without gaps.
    package var points: [Point]

    enum CodingKeys: String, CodingKey {
        case name, from, to
        case stepMs = "step_ms"
        case points
    }
}

extension HistoryDocument {
    package init(_ history: CallHistory, of name: BreakerName) {
        let steps = history.steps
        self.init(
            name: name.value,
            from: steps.first.start,
            to: steps.end.start,
            stepMs: steps.length * Minute.milliseconds,
            points: history.tallies.enumerated().map { step, tally in
                Point(
                    at: steps.start(of: step),
                    successes: tally.successes,
                    failures: tally.failures,
                    slow: tally.slow,
                    ignored: tally.ignored,
                    allowed: tally.allowed,
                    denied: tally.denied
                )
            }
        )
    }
}
