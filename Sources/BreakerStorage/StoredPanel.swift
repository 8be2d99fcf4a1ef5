package import BreakerCore

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
