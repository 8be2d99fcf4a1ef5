package import BreakerCore

/// A page of breakers.
package struct BreakerListDocument: Document {
    /// How many breakers there are, whatever the state and the override that the request asks for.
    package struct Counts: Codable, Hashable, Sendable {
        package var total: Int
        package var closed: Int
        package var open: Int
        package var halfOpen: Int
        package var overridden: Int

        package init(closed: Int, open: Int, halfOpen: Int, overridden: Int) {
            total = closed + open + halfOpen
            self.closed = closed
            self.open = open
            self.halfOpen = halfOpen
            self.overridden = overridden
        }

        enum CodingKeys: String, CodingKey {
            case total, closed, open
            case halfOpen = "half_open"
            case overridden
        }
    }

    package var breakers: [ListedBreakerDocument]
    /// The token of the next page; empty if there is none.
    package var nextPageToken: String
    /// `nil` after the first page.
    package var counts: Counts?

    package init(breakers: [ListedBreakerDocument], nextPageToken: String, counts: Counts?) {
        self.breakers = breakers
        self.nextPageToken = nextPageToken
        self.counts = counts
    }

    enum CodingKeys: String, CodingKey {
        case breakers
        case nextPageToken = "next_page_token"
        case counts
    }
}

/// A breaker of a list.
package struct ListedBreakerDocument: Document {
    /// The calls of the last hour, for a small chart: one number for each step, oldest first.
    package struct History: Codable, Hashable, Sendable {
        package var from: Instant
        package var stepMs: Int64
        package var successes: [Int64]
        package var failures: [Int64]
        package var denied: [Int64]

        package init(_ history: CallHistory) {
            from = history.steps.first.start
            stepMs = history.steps.length * Minute.milliseconds
            successes = history.tallies.map(\.successes)
            failures = history.tallies.map(\.failures)
            denied = history.tallies.map(\.denied)
        }

        enum CodingKeys: String, CodingKey {
            case from
            case stepMs = "step_ms"
            case successes, failures, denied
        }
    }

    package var breaker: BreakerDocument
    /// Absent unless the request asks for it.
    package var history: History?

    package init(_ breaker: BreakerDocument, history: History? = nil) {
        self.breaker = breaker
        self.history = history
    }

    package init(from decoder: any Decoder) throws {
        breaker = try BreakerDocument(from: decoder)
        history = try decoder.container(keyedBy: CodingKeys.self).decodeIfPresent(History.self, forKey: .history)
    }

    package func encode(to encoder: any Encoder) throws {
        try breaker.encode(to: encoder)
        guard let history else { return }
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(history, forKey: .history)
    }

    private enum CodingKeys: CodingKey { case history }
}
