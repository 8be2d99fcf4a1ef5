package import BreakerCore

/// A set of changes that a store writes in one transaction.
package struct WriteBatch: Hashable, Sendable {
    package struct Deletion: Hashable, Sendable {
        package var breakerID: Int64
        package var name: BreakerName

        package init(breakerID: Int64, name: BreakerName) {
            self.breakerID = breakerID
            self.name = name
        }
    }

    package struct ReceiptRow: Hashable, Sendable {
        package var breakerID: Int64
        package var reportID: String
        package var receipt: Receipt
        /// The client that sent the report, as ``Author/client``.
        package var client: String

        package init(breakerID: Int64, reportID: String, receipt: Receipt, client: String) {
            self.breakerID = breakerID
            self.reportID = reportID
            self.receipt = receipt
            self.client = client
        }
    }

    /// Calls of a breaker within one minute, to be added to the stored row of that minute.
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

    /// When the batch was created.
    package var at: Instant
    /// The last revision in the batch.
    package var revision: Int64
    /// By how much the instants of stored receipts move, in milliseconds; 0 unless the clock was set. After the clock
    /// was set, the batch contains every breaker, and ``at`` may be earlier than that of the previous batch.
    package var shiftMs: Int64 = 0
    /// Stored breakers to delete, with the rows that refer to them. They are deleted first, because the batch may also
    /// create a breaker of the same name.
    package var deletions: [Deletion] = []
    /// Every breaker that the batch changes and does not delete, as it is after the batch.
    package var breakers: [StoredBreaker] = []
    /// Every change, ordered by revision and without a gap, including changes of deleted breakers. The transitions of
    /// the other breakers are stored in the log of their breaker too.
    package var changes: [Journal.Change] = []
    package var failures: [Journal.FailureRow] = []
    /// Ordered by arrival. A later receipt replaces an earlier one of the same report.
    package var receipts: [ReceiptRow] = []

    /// Calls to add to the stored rows, ordered by minute and breaker; none belongs to a breaker that the batch
    /// deletes. Reports with an age can add to past minutes.
    package var calls: [CallRow] = []

    /// The audit entries of operators' orders, including those about breakers that the batch deletes.
    package var audit: [AuditEntry] = []

    /// Session data to store. A key replaces the stored key and deletes all stored sessions; the sessions of the batch
    /// are added after that.
    package var sessions = StoredSessions()

    package init(at instant: Instant, revision: Int64) {
        self.at = instant
        self.revision = revision
    }
}

/// A breaker with the data that is stored outside the state machine.
package struct StoredBreaker: Hashable, Sendable {
    package var breaker: Breaker
    /// When a worker last sent an acquire or a report for the breaker; `nil` if none ever did.
    package var lastSeenAt: Instant?

    package init(_ breaker: Breaker, lastSeenAt: Instant?) {
        self.breaker = breaker
        self.lastSeenAt = lastSeenAt
    }
}

/// The breakers in a store, with the store's last revision.
package struct StoredPanel: Hashable, Sendable {
    /// The last revision; 0 for an empty store.
    package var revision: Int64
    /// The instant of the last batch; `nil` for an empty store.
    package var lastWrite: Instant?
    /// Ordered by name.
    package var breakers: [StoredBreaker]

    package init(revision: Int64, lastWrite: Instant?, breakers: [StoredBreaker]) {
        self.revision = revision
        self.lastWrite = lastWrite
        self.breakers = breakers
    }
}

/// The data that a store keeps about browser sessions.
package struct StoredSessions: Hashable, Sendable {
    /// The key that signs sessions, ``keyLength`` bytes; `nil` in an empty store and in a backup.
    package var key: [UInt8]?
    /// The sessions that were ended early, with the instant at which each would have expired.
    package var revoked: [Revoked: Instant]

    package struct Revoked: Hashable, Sendable {
        /// The name of the token.
        package var token: String
        /// The session's id; `nil` for all sessions of the token that expire at the instant or before.
        package var id: String?

        package init(token: String, id: String?) {
            self.token = token
            self.id = id
        }
    }

    package static let keyLength = 32

    package init(key: [UInt8]? = nil, revoked: [Revoked: Instant] = [:]) {
        self.key = key
        self.revoked = revoked
    }

    package var isEmpty: Bool { key == nil && revoked.isEmpty }
}
