package import BreakerCore
import BreakerText

/// A row of a breaker's failure log: one or more failures.
package struct FailureDocument: Document {
    package var kind: String?
    package var detail: String?
    package var reporter: String?
    package var durationMs: Int64?
    /// How many consecutive failures the row represents.
    package var count: Int
    package var at: Instant

    package init(_ failure: Failure) {
        kind = failure.kind
        detail = failure.detail
        reporter = failure.reporter
        durationMs = failure.durationMs
        count = failure.count
        at = failure.at
    }

    enum CodingKeys: String, CodingKey {
        case kind, detail, reporter
        case durationMs = "duration_ms"
        case count, at
    }
}

/// A page of a breaker's failures, newest first.
package struct FailureListDocument: Document {
    package var failures: [FailureDocument]
    /// The token of the next page; empty if there is none.
    package var nextPageToken: String

    package init(failures: [FailureDocument], nextPageToken: String) {
        self.failures = failures
        self.nextPageToken = nextPageToken
    }

    enum CodingKeys: String, CodingKey {
        case failures
        case nextPageToken = "next_page_token"
    }
}

/// A breaker's failures in a period, grouped by kind and by reporter, the most frequent first.
package struct FailureSummaryDocument: Document {
    package struct Kind: Codable, Hashable, Sendable {
        /// `nil` for failures that were reported without one.
        package var kind: String?
        package var failures: Int
        /// The kind's share of all failures: above 0, at most 1.
        package var share: Double
        package var reporters: [Reporter]
    }

    package struct Reporter: Codable, Hashable, Sendable {
        /// `nil` for failures that were reported without one.
        package var reporter: String?
        package var failures: Int
        /// The reporter's share of the failures that are grouped: above 0, at most 1.
        package var share: Double

        fileprivate init(_ group: FailureSummary.Group) {
            reporter = group.name
            failures = group.failures
            share = group.share
        }
    }

    package var name: String
    package var from: Instant
    /// The end of the period, which is not a part of it.
    package var to: Instant
    package var failures: Int
    /// The summary as a sentence.
    package var text: String
    package var kinds: [Kind]
    package var reporters: [Reporter]

    package init(_ summary: FailureSummary, of name: BreakerName, from: Instant, to: Instant) {
        self.name = name.value
        self.from = from
        self.to = to
        failures = summary.failures
        text = summary.text
        kinds = summary.kinds.map { kind in
            Kind(
                kind: kind.group.name,
                failures: kind.group.failures,
                share: kind.group.share,
                reporters: kind.reporters.map { Reporter($0) }
            )
        }
        reporters = summary.reporters.map { Reporter($0) }
    }
}

/// A transition of a breaker.
package struct TransitionDocument: Document {
    package var revision: Int64
    /// `closed`, `open` or `half_open`.
    package var from: String
    /// `closed`, `open` or `half_open`.
    package var to: String
    package var cause: String
    package var detail: String
    /// The operator who ordered the transition; `nil` if it was automatic.
    package var actor: String?
    package var at: Instant

    package init(_ transition: Transition) {
        revision = transition.revision
        from = transition.from.rawValue
        to = transition.to.rawValue
        cause = transition.cause.rawValue
        detail = transition.detail
        actor = transition.actor
        at = transition.at
    }
}

/// A page of transitions, newest first: of one breaker, or of all breakers with their names.
package struct TransitionListDocument<Item: Document>: Document {
    package var transitions: [Item]
    /// The token of the next page; empty if there is none.
    package var nextPageToken: String

    package init(transitions: [Item], nextPageToken: String) {
        self.transitions = transitions
        self.nextPageToken = nextPageToken
    }

    enum CodingKeys: String, CodingKey {
        case transitions
        case nextPageToken = "next_page_token"
    }
}

/// A transition with the name of its breaker.
package struct NamedTransitionDocument: Document {
    package var name: String
    package var transition: TransitionDocument

    package init(_ transition: Transition, of name: BreakerName) {
        self.name = name.value
        self.transition = TransitionDocument(transition)
    }

    package init(from decoder: any Decoder) throws {
        name = try decoder.container(keyedBy: CodingKeys.self).decode(String.self, forKey: .name)
        transition = try TransitionDocument(from: decoder)
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(name, forKey: .name)
        try transition.encode(to: encoder)
    }

    private enum CodingKeys: CodingKey { case name }
}

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
