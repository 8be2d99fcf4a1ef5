package import BreakerCore
import BreakerStorage

extension Engine {
    /// Carries out a change of the working copy as one command, and waits until it is stored.
    ///
    /// - Parameters:
    ///   - client: the sender. The command takes its turn.
    ///   - body: has to check before it changes anything: changes that it makes before it throws are stored all the
    ///     same.
    func change<Value: Sendable>(
        from client: Client,
        weight: Int = 1,
        _ body: @escaping @Sendable (inout WorkingCopy, any BreakerStore) throws(EngineError) -> Value
    ) async throws(EngineError) -> Value {
        try await waitForReply { reply in submitChange(from: client, weight: weight, body, reply: reply) }
    }

    /// As ``change(from:weight:_:)``, without waiting.
    func submitChange<Value: Sendable>(
        from client: Client,
        weight: Int,
        _ body: @escaping @Sendable (inout WorkingCopy, any BreakerStore) throws(EngineError) -> Value,
        reply: @escaping Reply<Value>
    ) {
        submit(
            .change(
                { working, store in
                    let result = Result { () throws(EngineError) in try body(&working, store) }
                    return { failure in reply(failure.map(Result.failure) ?? result) }
                },
                refuse: { failure in if let failure { reply(.failure(failure)) } }
            ),
            from: client,
            weight: weight
        )
    }

    /// Changes an existing breaker, and adds an audit entry if anything changed beyond what was due.
    ///
    /// - Parameters:
    ///   - creates: whether a breaker that does not exist is created first, with the policy that the configuration has
    ///     for its name. Then `body` must not throw.
    ///   - value: gives what the audit keeps of the breaker, before and after the change.
    fileprivate func order(
        _ action: AuditEntry.Action,
        of name: BreakerName,
        by author: Author,
        creates: Bool = false,
        value: @escaping @Sendable (Breaker) -> AuditValue?,
        _ body: @escaping @Sendable (inout Breaker, Instant, inout Journal) throws(EngineError) -> Void
    ) async throws(EngineError) -> BreakerView {
        let view = try await change(from: Client(author)) { working, _ throws(EngineError) in
            if creates, working[name] == nil {
                let (policy, source) = working.book.policy(for: name)
                try working.create(name, policy: policy, source: source, actor: author.actor)
            }
            let result = working.change(name) { breaker, now, journal in
                breaker.advance(to: now, journal: &journal)
                let (before, last) = (value(breaker), breaker.lastTransition?.revision)
                return Result { () throws(EngineError) in
                    try body(&breaker, now, &journal)
                    let revision = breaker.lastTransition?.revision
                    return Ordered(revision: revision == last ? nil : revision, before: before, after: value(breaker))
                }
            }
            guard let result else { throw .unknown(name) }
            let ordered = try result.get()
            if let revision = ordered.revision {
                working.note(
                    action,
                    of: name,
                    by: author,
                    revision: revision,
                    before: ordered.before,
                    after: ordered.after
                )
            }
            return try working.view(of: name, at: working.now)
        }
        return seen([view])[0]
    }

    private struct Ordered: Sendable {
        /// `nil` if nothing changed.
        var revision: Int64?
        var before: AuditValue?
        var after: AuditValue?
    }
}

// MARK: Changes by operators

extension Engine {
    /// A condition on a breaker and its policy, without which an operator's change is refused.
    package enum Precondition: Hashable, Sendable {
        /// The breaker exists, and the revision of its policy is one of these.
        case revision(in: Set<Int64>)
        /// The breaker exists.
        case exists
        /// The breaker does not exist.
        case isNew
    }

    /// Creates a breaker with `policy`, or sets the policy of an existing breaker.
    package func putPolicy(
        _ policy: Policy,
        of name: BreakerName,
        actor author: Author,
        if precondition: Precondition? = nil
    ) async throws(EngineError) -> (view: BreakerView, isNew: Bool) {
        let put = try await change(from: Client(author)) { working, _ throws(EngineError) in
            try working.check(precondition, of: name)
            let isNew = working[name] == nil
            if isNew {
                try working.create(name, policy: policy, by: author)
            } else {
                working.changePolicy(of: name, to: policy, actor: author)
            }
            return PutResult(view: try working.view(of: name, at: working.now), isNew: isNew)
        }
        return (seen([put.view])[0], put.isNew)
    }

    private struct PutResult: Sendable {
        var view: BreakerView
        var isNew: Bool
    }

    /// Applies `document` to the policy of an existing breaker.
    package func patchPolicy(
        _ document: PolicyDocument,
        of name: BreakerName,
        actor author: Author,
        if precondition: Precondition? = nil
    ) async throws(EngineError) -> BreakerView {
        let view = try await change(from: Client(author)) { working, _ throws(EngineError) in
            guard let present = working[name]?.policy else { throw .unknown(name) }
            try working.check(precondition, of: name)
            let policy: Policy
            do throws(PolicyError) { policy = try present.applying(document) } catch { throw EngineError(error) }
            working.changePolicy(of: name, to: policy, actor: author)
            return try working.view(of: name, at: working.now)
        }
        return seen([view])[0]
    }

    /// Deletes a breaker with all its rows.
    package func delete(
        _ name: BreakerName,
        actor author: Author,
        if precondition: Precondition? = nil
    ) async throws(EngineError) {
        try await change(from: Client(author), weight: Self.deletionWeight) { working, _ throws(EngineError) in
            guard working[name] != nil else { throw .unknown(name) }
            try working.check(precondition, of: name)
            working.delete(name, by: author)
        }
        refusedReports.forget { $0 == name }
    }

    /// Deletes every breaker whose name begins with `prefix`, a few in each transaction. Other commands are carried out
    /// in between. A breaker that is created meanwhile is not deleted if its name is before the last deleted name.
    ///
    /// - Returns: how many breakers were deleted.
    /// - Throws: ``EngineError``; breakers that were deleted before the error stay deleted.
    package func deleteAll(prefix: String, actor author: Author) async throws(EngineError) -> Int {
        var (count, last) = (0, BreakerName?.none)
        while true {
            let names = try await change(
                from: Client(author),
                weight: Self.deletionsPerTransaction * Self.deletionWeight
            ) { [last] working, _ throws(EngineError) in
                let names = working.names(prefix: prefix, after: last, atMost: Self.deletionsPerTransaction)
                for name in names { working.delete(name, by: author) }
                return names
            }
            let deleted = Set(names)
            refusedReports.forget { deleted.contains($0) }
            count += names.count
            guard names.count == Self.deletionsPerTransaction else { return count }
            last = names.last
        }
    }

    /// The weight of one deletion: some thousand rows are deleted with a breaker.
    private static let deletionWeight = 128
    private static let deletionsPerTransaction = 8

    /// Resets a breaker to a fresh state.
    package func reset(
        _ name: BreakerName,
        to target: Breaker.ResetTarget,
        actor author: Author
    ) async throws(EngineError) -> BreakerView {
        try await order(
            .reset,
            of: name,
            by: author,
            value: { AuditValue.state($0.state, generation: $0.generation) }
        ) {
            breaker,
            now,
            journal throws(EngineError) in
            do throws(Breaker.Forced) {
                try breaker.reset(to: target, actor: author.actor, at: now, journal: &journal)
            } catch {
                throw EngineError(.forced, "the override \(error.mode.rawValue) is in force; clear it first")
            }
        }
    }

    /// Sets an override.
    /// - Parameters:
    ///   - expiresInMs: ``Limits/overrideMs``; `nil` for an override that is in force until it is cleared.
    ///   - creates: whether a breaker that does not exist is created.
    package func setOverride(
        _ mode: Override.Mode,
        of name: BreakerName,
        reason: String,
        expiresInMs: Int64?,
        actor author: Author,
        creates: Bool = false
    ) async throws(EngineError) -> BreakerView {
        try await order(
            .overrideSet,
            of: name,
            by: author,
            creates: creates,
            value: { $0.override.map(AuditValue.override) }
        ) {
            breaker,
            now,
            journal throws(EngineError) in
            breaker.setOverride(
                mode,
                reason: reason,
                actor: author.actor,
                expiresInMs: expiresInMs,
                at: now,
                journal: &journal
            )
        }
    }

    /// Ends an override. A breaker without one does not change.
    package func clearOverride(of name: BreakerName, actor author: Author) async throws(EngineError) -> BreakerView {
        try await order(.overrideCleared, of: name, by: author, value: { $0.override.map(AuditValue.override) }) {
            breaker,
            now,
            journal throws(EngineError) in
            breaker.clearOverride(actor: author.actor, at: now, journal: &journal)
        }
    }
}

extension WorkingCopy {
    /// Deletes a breaker, and adds an audit entry.
    fileprivate mutating func delete(_ name: BreakerName, by author: Author) {
        let before = self[name].map { breaker in
            AuditValue.breaker(
                state: breaker.state,
                generation: breaker.generation,
                policy: breaker.policy,
                source: breaker.policySource,
                override: breaker.override
            )
        }
        delete(name, actor: author.actor)
        note(.delete, of: name, by: author, revision: journal.revision, before: before, after: nil)
    }

    /// Creates a breaker with a policy, and adds an audit entry.
    /// - Throws: ``EngineError/Code/breakerLimit``.
    mutating func create(_ name: BreakerName, policy: Policy, by author: Author) throws(EngineError) {
        let index = try create(name, policy: policy, source: .api, actor: author.actor)
        let breaker = breakers[index]
        note(
            .policy,
            of: name,
            by: author,
            revision: breaker.policyRevision,
            before: nil,
            after: .policy(breaker.policy, source: breaker.policySource)
        )
    }

    /// Sets the policy of a breaker, and adds an audit entry. An equal policy from the same source is not a change.
    mutating func changePolicy(of name: BreakerName, to policy: Policy, actor author: Author) {
        guard let breaker = self[name], breaker.policy != policy || breaker.policySource != .api else { return }
        let before = AuditValue.policy(breaker.policy, source: breaker.policySource)
        _ = change(name) { breaker, now, journal in
            breaker.changePolicy(to: policy, source: .api, actor: author.actor, at: now, journal: &journal)
        }
        guard let changed = self[name] else { return }
        note(
            .policy,
            of: name,
            by: author,
            revision: changed.policyRevision,
            before: before,
            after: .policy(changed.policy, source: changed.policySource)
        )
    }

    fileprivate func check(_ precondition: Engine.Precondition?, of name: BreakerName) throws(EngineError) {
        let revision = self[name]?.policyRevision
        let holds =
            switch precondition {
            case .revision(in: let revisions): revision.map(revisions.contains) ?? false
            case .exists: revision != nil
            case .isNew: revision == nil
            case nil: true
            }
        guard holds else {
            let present = revision.map { "its policy has revision \($0)" } ?? "it does not exist"
            throw EngineError(.preconditionFailed, "\(name) does not meet the request's precondition: \(present)")
        }
    }
}
