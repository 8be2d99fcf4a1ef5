package import BreakerCore
import Platform

/// Persistent storage for breakers. One server owns a store; the server's writer is the only caller.
///
/// A store makes no decisions. It stores the results of the state machine, one whole batch at a time.
/// Every store passes the suite in `Tests/StoreContract`.
package protocol BreakerStore: AnyObject {
    /// Identifies the history that the store holds. A restored backup begins another history.
    var epoch: Epoch { get }

    /// Reads every breaker.
    func load() throws(StoreError) -> StoredPanel

    /// Reads those of the named breakers that are stored, and the last revision. The writer restores its working copy
    /// from them after a batch has failed.
    func reload(_ names: [BreakerName]) throws(StoreError) -> StoredPanel

    /// The stored receipt of a breaker's report `id`, whatever its age; `nil` if there is none.
    func receipt(forReport id: String, ofBreaker breakerID: Int64) throws(StoreError) -> Receipt?

    /// Reads the stored data about browser sessions.
    func sessions() throws(StoreError) -> StoredSessions

    /// Stores a batch in one transaction, and prunes a small number of rows that exceed retention.
    ///
    /// Once this returns, the batch survives a crash of the process or the machine.
    /// - Throws: ``StoreError/Code/unavailable`` if nothing was stored; ``StoreError/Code/outcomeUnknown`` if the
    ///   commit itself failed: the batch is not visible, but it may reappear after a crash before the next commit.
    func write(_ batch: WriteBatch) throws(StoreError)

    /// Moves committed data to its final location, once there is enough of it. The writer calls this after every batch,
    /// when the batch's answers have been sent. A failure does not affect committed data.
    func checkpoint() throws(StoreError)

    /// Rows that were deleted early since the start because a table was full. Counts only committed deletions.
    var evictions: Evictions { get }

    /// Ends the use of the store.
    func close()
}

/// Reads committed rows for operators. Safe to call from any thread; a call blocks while it reads.
package protocol BreakerReader: Sendable {
    /// The failure log of a breaker, the most recently reported failure first.
    /// - Parameter number: only rows with a lower number are read; `nil` to begin with the newest.
    func failures(ofBreaker breakerID: Int64, before number: Int64?, limit: Int) throws(StoreError) -> [Failure]

    /// The stored failures of a breaker within a period, the most recently reported failure first. Failures that
    /// retention has deleted are missing.
    /// - Parameter to: the end of the period, exclusive.
    func failures(ofBreaker breakerID: Int64, from: Instant, to: Instant) throws(StoreError) -> [Failure]

    /// The call history of each of some breakers.
    /// - Parameter steps: minutes outside these steps are not read.
    /// - Returns: one history for each breaker, in the same order.
    func calls(ofBreakers breakerIDs: [Int64], in steps: CallHistory.Steps) throws(StoreError) -> [CallHistory]

    /// Transitions, newest first.
    /// - Parameters:
    ///   - breakerID: only transitions of this breaker; `nil` for all breakers.
    ///   - scope: only transitions of breakers with these names.
    ///   - revision: only transitions before this revision; `nil` to begin with the newest.
    func transitions(
        ofBreaker breakerID: Int64?,
        visible scope: NameScope,
        before revision: Int64?,
        limit: Int
    ) throws(StoreError) -> [NamedTransition]

    /// The audit entries of operators' orders, newest first.
    /// - Parameter revision: only entries before this revision; `nil` to begin with the newest.
    func audit(_ filter: AuditFilter, before revision: Int64?, limit: Int) throws(StoreError) -> [AuditEntry]

    /// The changes after a revision, oldest first and without a gap.
    func changes(after revision: Int64, limit: Int) throws(StoreError) -> ChangePage

    /// Writes a consistent, checked copy of the store into a file without a name. The copy has no epoch and no session
    /// data. Closing the file frees its disk space.
    func backUp() throws(StoreError) -> OpenFile

    /// The disk space that the store uses; `nil` if it cannot be determined.
    func storedBytes() -> StoredBytes?

    /// Ends the use of the reader. Reads in progress run to completion; a backup in progress may be abandoned.
    func close()
}

/// The bytes that a store uses on disk.
package struct StoredBytes: Hashable, Sendable {
    package var database: Int64
    /// The bytes of the log, which holds commits that may not be in the database file yet.
    package var log: Int64

    package init(database: Int64, log: Int64) {
        self.database = database
        self.log = log
    }
}

/// The result of reading the changes after a revision.
package enum ChangePage: Hashable, Sendable {
    /// The changes that follow the revision; empty if there are none yet.
    case changes([Journal.Change])
    /// Retention has deleted the change that follows the revision.
    case trimmed
    /// The store has not reached this revision.
    case unknownRevision
}

package struct NamedTransition: Hashable, Sendable {
    package var name: BreakerName
    package var transition: Transition

    package init(name: BreakerName, transition: Transition) {
        self.name = name
        self.transition = transition
    }
}

/// The reason why an operation of a store failed.
package struct StoreError: Error, Hashable, Sendable, CustomStringConvertible {
    package enum Code: String, Hashable, Sendable {
        /// Nothing was stored or read; a retry may succeed.
        case unavailable
        /// A commit failed. Only the next start shows whether its batch is stored.
        case outcomeUnknown = "outcome_unknown"
        /// Another process owns the store.
        case inUse = "in_use"
        /// The stored data is damaged or inconsistent.
        case corrupt
        /// Another version of the program, or another program, created the store.
        case incompatible
    }

    package var code: Code
    /// A sentence for the operator. It may name files, and says what the operator can do, if anything.
    package var message: String
    /// The underlying cause, for the log: the database's own message and extended result code.
    package var cause: String?

    package init(_ code: Code, _ message: String, cause: String? = nil) {
        self.code = code
        self.message = message
        self.cause = cause
    }

    package var description: String {
        cause.map { "\(message) (\($0))" } ?? message
    }
}

/// An open file. Releasing the last reference closes it.
package final class OpenFile: Sendable {
    package let descriptor: CInt

    /// - Parameter descriptor: an open descriptor that no other code closes.
    package init(descriptor: CInt) {
        precondition(descriptor >= 0, "\(descriptor) is not the descriptor of an open file")
        self.descriptor = descriptor
    }

    /// The length in bytes; `nil` if the system does not report it.
    package var length: Int64? {
        var status = stat()
        return fstat(descriptor, &status) == 0 ? Int64(status.st_size) : nil
    }

    deinit {
        close(descriptor)
    }
}

/// How much history a store keeps. A breaker's newest failure and newest transition are never pruned.
package struct Retention: Hashable, Sendable {
    package var failuresPerBreaker = 1_000
    /// Of all breakers together. When the limit is reached, the longest logs are shortened first.
    package var failures = 1_000_000
    /// The maximum age of a failure, in milliseconds: 7 days.
    package var failureAgeMs: Int64 = 604_800_000
    package var transitionsPerBreaker = 1_000
    /// The maximum age of a minute of calls, in milliseconds: 7 days.
    package var callAgeMs: Int64 = 604_800_000
    /// Minutes of calls of all breakers together, at 30 bytes each: a week of 500 breakers that are never idle.
    package var callMinutes = 5_000_000
    /// Report ids of all clients together, at 140 bytes each in the database: 15 minutes at 5 000 a second. Beyond this
    /// limit, the client with the most report ids loses its oldest ones.
    package var receipts = 4_500_000
    /// Changes of all breakers together. A client can resume the event stream after any of the changes that are kept.
    package var changes = 100_000
    /// Audit entries of all breakers together, deleted breakers included. Beyond this limit, entries older than
    /// ``auditAgeMs`` are deleted first, then the oldest entries of the author with the most.
    package var audit = 100_000
    /// The age from which an audit entry is deleted first when the audit is full, in milliseconds: 90 days.
    package var auditAgeMs: Int64 = 7_776_000_000

    package init() {}
}

/// Counts of rows that a store deleted early because a table was full.
package struct Evictions: Hashable, Sendable {
    package enum Table: String, CaseIterable, Sendable {
        case reportIDs = "report_ids"
        case audit
        case failures
        case callMinutes = "call_minutes"
    }

    package struct Count: Hashable, Sendable {
        package var rows = 0
        /// The token whose rows were deleted last; `nil` if those rows belong to no token.
        package var token: String?
    }

    private var counts: [Table: Count] = [:]

    package init() {}

    package var isEmpty: Bool { counts.isEmpty }

    package subscript(table: Table) -> Count { counts[table, default: Count()] }

    /// - Parameter token: the token whose rows were deleted; `nil` if they belong to no token.
    package mutating func add(_ rows: Int, of table: Table, token: String? = nil) {
        guard rows > 0 else { return }
        counts[table, default: Count()].rows += rows
        counts[table, default: Count()].token = token
    }
}
