import BreakerCore
import BreakerStorage

extension WorkingCopy {
    /// Adds an audit entry, which is stored with the change, or not at all.
    mutating func note(
        _ action: AuditEntry.Action,
        of name: BreakerName,
        by author: Author,
        revision: Int64,
        before: AuditValue?,
        after: AuditValue?
    ) {
        audit.append(
            AuditEntry(
                revision: revision,
                at: now,
                author: author,
                action: action,
                breaker: name,
                before: before,
                after: after
            )
        )
    }

    /// Whether the batch has anything to store.
    var hasChanges: Bool { !touched.isEmpty || !deletions.isEmpty || !receipts.isEmpty }

    /// The names of the breakers that the batch touched, including deleted ones.
    var touchedNames: [BreakerName] { touched.indices.map { breakers[$0].name } + deletions.map(\.name) }

    /// The rows to store. Failures, receipts and calls of breakers that the batch deleted are left out.
    /// - Parameters:
    ///   - lastSeen: returns when workers last asked for breakers before the batch.
    ///   - takesWaiting: whether the batch takes calls that wait to be stored.
    mutating func batch(lastSeen: ([BreakerName]) -> [Instant?], takesWaiting: Bool = true) -> WriteBatch {
        var batch = WriteBatch(at: now, revision: journal.revision)
        batch.shiftMs = shiftMs
        batch.deletions = deletions.filter { $0.breakerID <= committedRevision }
        batch.breakers = storedBreakers(lastSeen: lastSeen)
        let deleted = Set(deletions.map(\.breakerID))
        batch.changes = journal.changes
        batch.failures =
            deleted.isEmpty ? journal.failures : journal.failures.filter { !deleted.contains($0.breakerID) }
        batch.receipts = deleted.isEmpty ? receipts : receipts.filter { !deleted.contains($0.breakerID) }
        batch.audit = audit
        batch.calls = unstored.rows(without: deleted, takesWaiting: takesWaiting)
        return batch
    }

    /// The touched breakers in the order of their rows, which a store writes fastest.
    private func storedBreakers(lastSeen: ([BreakerName]) -> [Instant?]) -> [StoredBreaker] {
        let indices = touched.indices.sorted { breakers[$0].id < breakers[$1].id }
        let unseen = indices.filter { !seen.contains($0) }
        var before = (unseen.isEmpty ? [] : lastSeen(unseen.map { breakers[$0].name })).makeIterator()
        return indices.map { index in
            StoredBreaker(breakers[index], lastSeenAt: seen.contains(index) ? now : before.next() ?? nil)
        }
    }

    /// Ends a batch that is stored, or that changed nothing.
    /// - Parameter isStored: whether the batch was written.
    /// - Returns: the updates of the panel, and the changes in order of revision.
    mutating func commitBatch(isStored: Bool) -> (updates: [Panel.Update], changes: [Journal.Change]) {
        let updates = panelUpdates()
        for index in touched.indices {
            due.schedule(breakers[index].name, at: breakers[index].nextDue)
            progressed.insert(index)
        }
        for deletion in deletions where index(of: deletion.name) == nil { due.schedule(deletion.name, at: nil) }
        let changes = journal.changes
        reportTallies.commitBatch()
        transitionTallies.add(changes)
        if isStored { unstored.stored() } else { unstored.keepBatch() }
        committedRevision = journal.revision
        endShift(isCommitted: true)
        forgetBatch()
        return (updates, changes)
    }

    private func panelUpdates() -> [Panel.Update] {
        var updates: [Panel.Update] = []
        updates.reserveCapacity(deletions.count + touched.indices.count + seen.indices.count)
        // A deleted name is removed even if it was created again: the panel's counts are those of the deleted breaker.
        for deletion in deletions {
            updates.append(Panel.Update(name: deletion.name, preparedAnswer: nil, wasSeen: false))
        }
        func update(_ index: Int) {
            updates.append(
                Panel.Update(
                    name: breakers[index].name,
                    preparedAnswer: breakers[index].preparedAnswer,
                    wasSeen: seen.contains(index)
                )
            )
        }
        touched.indices.forEach(update)
        for index in seen.indices where !touched.contains(index) { update(index) }
        return updates
    }

    /// Undoes a batch that is not stored.
    /// - Parameters:
    ///   - stored: the touched breakers that the store has, in their stored form.
    ///   - revision: the last revision in the store.
    ///   - names: all breakers that the batch touched.
    mutating func revertBatch(to stored: [Breaker], revision: Int64, names: [BreakerName]) {
        var gone = Set(names)
        for breaker in stored {
            gone.remove(breaker.name)
            restore(breaker)
        }
        for name in gone { remove(name) }
        committedRevision = revision
        endShift(isCommitted: false)
        for name in names { due.schedule(name, at: self[name]?.nextDue) }
        forgetBatch()
    }

    private mutating func forgetBatch() {
        journal = Journal(revision: committedRevision)
        touched.removeAll()
        seen.removeAll()
        reportTallies.forgetBatch()
        unstored.forgetBatch()
        deletions.removeAll()
        audit.removeAll()
        receipts.removeAll(keepingCapacity: true)
        receiptIndices.removeAll(keepingCapacity: true)
    }
}
