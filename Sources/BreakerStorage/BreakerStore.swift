package import BreakerCore

/// Where breakers are kept. One server owns a store; its writer is the only caller.
///
/// A store decides nothing: it keeps what the state machine hands it, whole batches at a time.
/// `Tests/StoreContract` is the suite that every store passes.
package protocol BreakerStore: AnyObject {
    /// Which history the store holds. A restored backup is another history.
    var epoch: Epoch { get }

    /// Everything that is stored.
    func load() throws(StoreError) -> StoredPanel

    /// Those of `names` that are stored, and the last revision: what the writer's working copy goes back to when a
    /// batch failed.
    func reload(_ names: [BreakerName]) throws(StoreError) -> StoredPanel

    /// What is remembered of the report `id` of a breaker, however old; `nil` where nothing is.
    func receipt(forReport id: String, ofBreaker breakerID: Int64) throws(StoreError) -> Receipt?

    /// What is stored of browsers' sessions.
    func sessions() throws(StoreError) -> StoredSessions

    /// Stores a batch whole, and prunes what retention lets go, a small step each time.
    ///
    /// Behind the return everything survives the end of the process and of the machine.
    /// - Throws: ``StoreError/Code/unavailable`` where nothing was stored; ``StoreError/Code/outcomeUnknown`` where
    ///   the commit itself failed: nothing of the batch is visible, but a crash before the next commit may bring it
    ///   back.
    func write(_ batch: WriteBatch) throws(StoreError)

    /// Moves committed data to its final place, once there is enough of it. Called behind every batch, when its answers
    /// are out. Failing harms nothing that is committed.
    func checkpoint() throws(StoreError)

    /// Rows that were deleted before their time, since the start; committed ones only.
    var evictions: Evictions { get }

    /// Ends the use of the store.
    func close()
}

/// What a store answers to operators: rows that are committed. Safe to call from any thread; blocks while it reads.
package protocol BreakerReader: Sendable {
    /// The failure log of a breaker, the last reported first.
    /// - Parameter number: only rows before this number; `nil` for the newest.
    func failures(ofBreaker breakerID: Int64, before number: Int64?, limit: Int) throws(StoreError) -> [Failure]

    /// The failures that are kept of a breaker within a time, the last reported first: as many as retention leaves.
    /// - Parameter to: the first instant that is not in it.
    func failures(ofBreaker breakerID: Int64, from: Instant, to: Instant) throws(StoreError) -> [Failure]

    /// What happened to each of some breakers, minute by minute.
    /// - Parameters:
    ///   - steps: no minute outside is looked at.
    /// - Returns: one for each breaker, in the same order.
    func calls(ofBreakers breakerIDs: [Int64], in steps: CallHistory.Steps) throws(StoreError) -> [CallHistory]

    /// Transitions, newest first.
    /// - Parameters:
    ///   - breakerID: only those of this breaker; `nil` for all.
    ///   - prefix: only those of breakers whose names begin with it.
    ///   - revision: only those before this revision; `nil` for the newest.
    func transitions(
        ofBreaker breakerID: Int64?,
        prefix: String,
        before revision: Int64?,
        limit: Int
    ) throws(StoreError) -> [NamedTransition]

    /// What operators ordered, newest first.
    /// - Parameter revision: only what is before it; `nil` for the newest.
    func audit(_ filter: AuditFilter, before revision: Int64?, limit: Int) throws(StoreError) -> [AuditEntry]

    /// The changes behind a revision, the oldest first and without a gap.
    func changes(behind revision: Int64, limit: Int) throws(StoreError) -> ChangePage

    /// Writes a consistent, checked copy of the store into a file without a name. The copy has no epoch, and no
    /// session data. Its disk space is free once the file is closed.
    func backUp() throws(StoreError) -> OpenFile

    /// How much disk the store takes at the moment; `nil` where it cannot tell.
    func storedBytes() -> StoredBytes?

    /// Ends the use of the reader; what is being read is read to its end.
    func close()
}

/// Bytes that a store has on disk.
package struct StoredBytes: Hashable, Sendable {
    package var database: Int64
    /// What is committed and not in the database yet.
    package var log: Int64

    package init(database: Int64, log: Int64) {
        self.database = database
        self.log = log
    }
}

/// What a store has of the changes behind a revision.
package enum ChangePage: Hashable, Sendable {
    /// They are the next ones; none where nothing happened since.
    case changes([Journal.Change])
    /// The next one is no longer kept.
    case trimmed
    /// The revision is none that this store has come to.
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
