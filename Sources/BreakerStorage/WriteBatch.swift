package import BreakerCore

/// Changes that are stored together or not at all.
package struct WriteBatch: Hashable, Sendable {
    package struct Deletion: Hashable, Sendable {
        package var breakerID: Int64
        package var name: BreakerName

        package init(breakerID: Int64, name: BreakerName) {
            self.breakerID = breakerID
            self.name = name
        }
    }

    package struct TransitionRow: Hashable, Sendable {
        package var breakerID: Int64
        package var transition: Transition

        package init(breakerID: Int64, transition: Transition) {
            self.breakerID = breakerID
            self.transition = transition
        }
    }

    package struct ReceiptRow: Hashable, Sendable {
        package var breakerID: Int64
        package var reportID: String
        package var receipt: Receipt
        /// Which client sent the report, as ``Author/client``.
        package var client: String

        package init(breakerID: Int64, reportID: String, receipt: Receipt, client: String) {
            self.breakerID = breakerID
            self.reportID = reportID
            self.receipt = receipt
            self.client = client
        }
    }

    /// What happened to a breaker within a minute, beyond what is stored of that minute.
    package struct CallRow: Hashable, Sendable {
        package var breakerID: Int64
        package var minute: Minute
        package var tally: CallTally

        package init(breakerID: Int64, minute: Minute, tally: CallTally) {
            self.breakerID = breakerID
            self.minute = minute
            self.tally = tally
        }
    }

    /// When the batch was made.
    package var at: Instant
    /// The last revision that it takes.
    package var revision: Int64
    /// By how much the instants of what is remembered of reports move, in milliseconds: not 0 where the clock was set, in
    /// a batch that has every breaker. ``at`` may be before that of the last batch then.
    package var shiftMs: Int64 = 0
    /// Stored breakers that go, with all that is kept of them. They go first: a breaker of the same name may come.
    package var deletions: [Deletion] = []
    /// Every breaker that the batch touched and did not delete, as it is behind the batch.
    package var breakers: [StoredBreaker] = []
    /// In order of revision; none of a breaker that the batch deletes.
    package var transitions: [TransitionRow] = []
    /// Every change, in order of revision and without a gap, those of deleted breakers included.
    package var changes: [Journal.Change] = []
    package var failures: [Journal.FailureRow] = []
    /// In the order of arrival. A later receipt replaces an earlier one of the same report.
    package var receipts: [ReceiptRow] = []

    /// None of a breaker that the batch deletes. What is added to what is stored, in order of minute and breaker; the
    /// minutes of reports with an age are past.
    package var calls: [CallRow] = []

    /// What operators ordered, also of breakers that the batch deletes.
    package var audit: [AuditEntry] = []

    /// A key replaces the stored one, and all stored sessions go with that; then these sessions are added.
    package var sessions = StoredSessions()

    package init(at instant: Instant, revision: Int64) {
        self.at = instant
        self.revision = revision
    }
}
