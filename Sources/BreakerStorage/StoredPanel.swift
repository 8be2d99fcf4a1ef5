package import BreakerCore

/// A breaker with what is kept of it outside the state machine.
package struct StoredBreaker: Hashable, Sendable {
    package var snapshot: Breaker.Snapshot
    /// When a worker last asked for it or reported to it; `nil` if none ever did.
    package var lastSeenAt: Instant?

    package init(_ snapshot: Breaker.Snapshot, lastSeenAt: Instant?) {
        self.snapshot = snapshot
        self.lastSeenAt = lastSeenAt
    }
}

/// What a store holds.
package struct StoredPanel: Hashable, Sendable {
    /// The last revision; 0 for an empty store.
    package var revision: Int64
    /// The instant of the last batch; `nil` for an empty store.
    package var lastWrite: Instant?
    /// In order of name.
    package var breakers: [StoredBreaker]

    package init(revision: Int64, lastWrite: Instant?, breakers: [StoredBreaker]) {
        self.revision = revision
        self.lastWrite = lastWrite
        self.breakers = breakers
    }
}
