import BreakerCore
import BreakerStorage
import Logging

extension Engine {
    /// What a store holds, ready for the writer and for the panel.
    struct Opened {
        var copy: WorkingCopy
        var entries: [(name: BreakerName, standing: Standing, lastSeenAt: Instant?)]
        /// Why the configuration could not be stored; `nil` where it is in force.
        var failure: StoreError?
    }

    /// A store that can be read and not written, as on a full disk, is opened as it is: the writer applies the
    /// configuration once it can be stored.
    static func open(
        _ store: any BreakerStore,
        configuration: Configuration,
        at now: Instant,
        logger: Logger
    ) throws(StoreError) -> Opened {
        var (copy, lastSeen, behindMs) = try load(store, configuration: configuration, at: now)
        if behindMs > 0 {
            logger.warning(
                "The clock is behind the last write; every deadline is shifted back by as much",
                metadata: ["behind_ms": "\(behindMs)"]
            )
            copy.touchAll()
        }
        copy.applyBook(logger: logger)
        copy.advanceDue()
        // A write in any case, which tells whether the store works.
        var batch = copy.batch(lastSeen: { names in names.map { lastSeen[$0] } })
        batch.shiftBackMs = behindMs
        var failure: StoreError?
        do {
            try store.write(batch)
            _ = copy.commitBatch(isStored: true)
        } catch {
            guard error.code == .unavailable || error.code == .outcomeUnknown else { throw error }
            failure = error
            copy = try load(store, configuration: configuration, at: now).copy
        }
        let entries = copy.names.compactMap { name in
            copy[name].map { (name: name, standing: $0.standing, lastSeenAt: lastSeen[name]) }
        }
        return Opened(copy: copy, entries: entries, failure: failure)
    }

    private static func load(
        _ store: any BreakerStore,
        configuration: Configuration,
        at now: Instant
    ) throws(StoreError) -> (copy: WorkingCopy, lastSeen: [BreakerName: Instant], behindMs: Int64) {
        let stored = try store.load()
        var breakers: [Breaker] = []
        breakers.reserveCapacity(stored.breakers.count)
        var policies = PolicyPool()
        var lastSeen: [BreakerName: Instant] = [:]
        let behindMs = max(0, stored.lastWrite.map { now.milliseconds(until: $0) } ?? 0)
        for row in stored.breakers {
            var breaker = try Self.breaker(from: row)
            breaker.shiftBack(byMilliseconds: behindMs)
            policies.share(&breaker)
            breakers.append(breaker)
            lastSeen[breaker.name] = row.lastSeenAt
        }
        let copy = WorkingCopy(
            breakers,
            policies: policies,
            revision: stored.revision,
            at: now,
            book: configuration.book,
            maximumBreakers: configuration.maximumBreakers
        )
        return (copy, lastSeen, behindMs)
    }

    static func breaker(from stored: StoredBreaker) throws(StoreError) -> Breaker {
        guard let breaker = Breaker(stored.snapshot) else {
            throw StoreError(.corrupt, "the window of breaker \(stored.snapshot.name) cannot be read")
        }
        return breaker
    }
}

extension WorkingCopy {
    /// Sees to it that every breaker is stored with the batch.
    mutating func touchAll() {
        for name in names { _ = change(name) { _, _, _ in } }
    }

    /// Gives every breaker the policy that the configuration has for it, but for those whose policy an operator set,
    /// and creates those that the configuration names, as far as `max_breakers` allows.
    mutating func applyBook(logger: Logger) {
        for name in names {
            guard let breaker = self[name], breaker.policySource != .api else { continue }
            let (policy, source) = book.policy(for: name)
            guard policy != breaker.policy || source != breaker.policySource else { continue }
            _ = change(name) { breaker, now, journal in
                breaker.changePolicy(to: policy, source: source, actor: nil, at: now, journal: &journal)
            }
            sharePolicy(of: name)
        }
        for name in book.breakers.keys.sorted() where self[name] == nil {
            do {
                try create(name)
            } catch {
                return logger.warning(
                    "Not all configured breakers exist: max_breakers allows no more",
                    metadata: ["max_breakers": "\(maximumBreakers)"]
                )
            }
        }
    }
}
