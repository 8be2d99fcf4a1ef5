import BreakerCore
import BreakerStorage
import Logging

extension Engine {
    /// The contents of a store, ready for the writer and the panel.
    struct Opened {
        var copy: WorkingCopy
        var entries: [(name: BreakerName, preparedAnswer: PreparedAnswer, lastSeenAt: Instant?)]
        /// Why the configuration could not be stored; `nil` if it is in force.
        var failure: StoreError?
    }

    /// Loads a store, and applies the configuration to it. A store that can be read but not written, as on a full disk,
    /// is opened as it is; the writer applies the configuration once it can be stored.
    static func open(
        _ store: any BreakerStore,
        sessions: SessionRegister,
        configuration: Configuration,
        limits: CreationLimits,
        clock: any ServerClock,
        logger: Logger
    ) throws(StoreError) -> Opened {
        var (copy, lastSeen) = try load(store, configuration: configuration, limits: limits, clock: clock)
        let stepMs = clock.follow()
        if let stepMs {
            logger.warning(
                "The clock is behind the last write; all deadlines are shifted back by the difference",
                metadata: ["behind_ms": "\(-stepMs)"]
            )
            copy.shift(byMs: stepMs)
        }
        copy.applyBook(logger: logger)
        copy.advanceDue()
        var failure: StoreError?
        do {
            // Written even without changes, which shows whether the store works.
            var batch = copy.batch(lastSeen: { names in names.map { lastSeen[$0] } })
            batch.sessions = sessions.unstored
            try store.write(batch)
            sessions.stored(batch.sessions)
            if let stepMs { clock.step(byMs: stepMs) }
            _ = copy.commitBatch(isStored: true)
            copy.countingSince = Minute(of: copy.now)
        } catch {
            guard error.code == .unavailable || error.code == .outcomeUnknown else { throw error }
            failure = error
            copy = try load(store, configuration: configuration, limits: limits, clock: clock).copy
        }
        let entries = copy.names.compactMap { name in
            copy[name].map { (name: name, preparedAnswer: $0.preparedAnswer, lastSeenAt: lastSeen[name]) }
        }
        return Opened(copy: copy, entries: entries, failure: failure)
    }

    /// Loads the breakers. This moves no deadline: a clock that is behind the last write starts at the last write, and
    /// follows the system's clock from there.
    private static func load(
        _ store: any BreakerStore,
        configuration: Configuration,
        limits: CreationLimits,
        clock: any ServerClock
    ) throws(StoreError) -> (copy: WorkingCopy, lastSeen: [BreakerName: Instant]) {
        let stored = try store.load()
        if let lastWrite = stored.lastWrite { clock.begin(notBefore: lastWrite) }
        var breakers: [Breaker] = []
        breakers.reserveCapacity(stored.breakers.count)
        var policies = PolicyPool()
        var lastSeen: [BreakerName: Instant] = [:]
        for row in stored.breakers {
            var breaker = row.breaker
            policies.share(&breaker)
            breakers.append(breaker)
            lastSeen[breaker.name] = row.lastSeenAt
        }
        let copy = WorkingCopy(
            breakers,
            policies: policies,
            revision: stored.revision,
            at: clock.now(),
            book: configuration.book,
            limits: limits
        )
        return (copy, lastSeen)
    }
}

extension WorkingCopy {
    /// Gives every breaker the policy that the configuration has for it, except the breakers whose policy an operator
    /// set. Creates the breakers that the configuration names, as far as `max_breakers` allows.
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
                let (policy, source) = book.policy(for: name)
                try create(name, policy: policy, source: source, actor: nil)
            } catch {
                return logger.warning(
                    "Some configured breakers were not created: max_breakers is reached",
                    metadata: ["max_breakers": "\(limits.maximumBreakers)"]
                )
            }
        }
    }
}
