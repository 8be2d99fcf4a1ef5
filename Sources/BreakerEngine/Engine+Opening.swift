import BreakerCore
import BreakerStorage
import Logging

extension Engine {
    /// What a store holds, ready for the writer and for the panel.
    struct Opened {
        var copy: WorkingCopy
        var entries: [(name: BreakerName, standing: Standing, lastSeenAt: Instant?)]
    }

    static func open(
        _ store: any BreakerStore,
        configuration: Configuration,
        at now: Instant,
        logger: Logger
    ) throws(StoreError) -> Opened {
        let stored = try store.load()
        var breakers: [Breaker] = []
        breakers.reserveCapacity(stored.breakers.count)
        var policies = PolicyPool()
        var lastSeen: [BreakerName: Instant] = [:]
        for breaker in stored.breakers {
            breakers.append(try Self.breaker(from: breaker))
            policies.share(&breakers[breakers.count - 1])
            lastSeen[breaker.snapshot.name] = breaker.lastSeenAt
        }
        let behindMs = stored.lastWrite.map { now.milliseconds(until: $0) } ?? 0
        if behindMs > 0 {
            logger.warning(
                "The clock is behind the last write; every deadline is shifted back by as much",
                metadata: ["behind_ms": "\(behindMs)"]
            )
            for place in breakers.indices { breakers[place].shiftBack(byMilliseconds: behindMs) }
        }
        var copy = WorkingCopy(
            breakers,
            policies: policies,
            revision: stored.revision,
            at: now,
            book: configuration.book,
            maximumBreakers: configuration.maximumBreakers
        )
        if behindMs > 0 { copy.touchAll() }
        if !copy.applyBook() {
            logger.warning(
                "Not all configured breakers exist: max_breakers allows no more",
                metadata: ["max_breakers": "\(configuration.maximumBreakers)"]
            )
        }
        copy.advanceDue()
        // A write in any case: a server that cannot store must not start.
        var batch = copy.batch(lastSeen: { names in names.map { lastSeen[$0] } })
        batch.shiftBackMs = max(0, behindMs)
        try store.write(batch)
        _ = copy.commitBatch(isStored: true)
        let entries = copy.names.compactMap { name in
            copy[name].map { (name: name, standing: $0.standing, lastSeenAt: lastSeen[name]) }
        }
        return Opened(copy: copy, entries: entries)
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
    /// and creates those that the configuration names.
    /// - Returns: whether all of these exist: `max_breakers` may not allow it.
    mutating func applyBook() -> Bool {
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
            do { try create(name) } catch { return false }
        }
        return true
    }
}
