package import BreakerCore

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
