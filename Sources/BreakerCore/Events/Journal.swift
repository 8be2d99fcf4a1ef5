/// Records the effects of events in addition to the breaker itself: the revisions they take and the rows to store.
///
/// One journal serves all breakers of a server, because they share one sequence of revisions.
package struct Journal: Sendable {
    /// A change of one breaker, under a revision of its own.
    package struct Change: Hashable, Sendable {
        package enum Kind: Hashable, Sendable {
            case created
            case transition(Transition)
            case policyChanged(actor: String?)
            case deleted(actor: String?)
        }

        package var revision: Int64
        package var name: BreakerName
        package var breakerID: Int64
        package var at: Instant
        package var kind: Kind
        /// The breaker as it is after this change, even if the same batch changes it again; `nil` if it is deleted.
        package var summary: BreakerSummary?

        package init(
            revision: Int64,
            name: BreakerName,
            breakerID: Int64,
            at instant: Instant,
            kind: Kind,
            summary: BreakerSummary?
        ) {
            self.revision = revision
            self.name = name
            self.breakerID = breakerID
            at = instant
            self.kind = kind
            self.summary = summary
        }
    }

    package struct FailureRow: Hashable, Sendable {
        package var breakerID: Int64
        package var failure: Failure
    }

    /// The last revision taken.
    package private(set) var revision: Int64
    package private(set) var changes: [Change] = []
    package private(set) var failures: [FailureRow] = []

    /// - Parameter revision: the last revision that is stored; 0 if there is none.
    package init(revision: Int64) {
        precondition(revision >= 0, "a revision is never negative: \(revision)")
        self.revision = revision
    }

    mutating func nextRevision() -> Int64 {
        revision += 1
        return revision
    }

    mutating func record(_ kind: Change.Kind, of breaker: Breaker, revision: Int64, at instant: Instant) {
        var summary: BreakerSummary? = breaker.summary
        if case .deleted = kind { summary = nil }
        changes.append(
            Change(
                revision: revision,
                name: breaker.name,
                breakerID: breaker.id,
                at: instant,
                kind: kind,
                summary: summary
            )
        )
    }

    mutating func record(_ failure: Failure, of breaker: Breaker) {
        failures.append(FailureRow(breakerID: breaker.id, failure: failure))
    }

    /// Records that `breaker` is deleted, under a revision of its own.
    package mutating func recordDeletion(of breaker: Breaker, actor: String?, at instant: Instant) {
        record(.deleted(actor: actor), of: breaker, revision: nextRevision(), at: instant)
    }
}

extension Journal.Change {
    package var transition: Transition? {
        if case .transition(let transition) = kind { transition } else { nil }
    }

    /// The operator who ordered the change; `nil` for an automatic change, or one by a worker or the configuration.
    package var actor: String? {
        switch kind {
        case .created: nil
        case .transition(let transition): transition.actor
        case .policyChanged(let actor), .deleted(let actor): actor
        }
    }
}

/// Identifies the history that a database holds. It is a random number, which is created with the database and replaced
/// when a backup is restored.
///
/// Revisions of two histories cannot be compared. The text form has 8 lower-case hexadecimal digits.
package struct Epoch: Hashable, Sendable, CustomStringConvertible {
    package let value: UInt32

    package init(_ value: UInt32) {
        self.value = value
    }

    /// - Returns: `nil` if `text` is not exactly in the form of ``description``.
    package init?(_ text: some StringProtocol) {
        guard let value = UInt32(hexadecimal: text) else { return nil }
        self.init(value)
    }

    package static func random() -> Epoch { Epoch(.random(in: .min ... .max)) }

    package var description: String { value.hexadecimal }
}
