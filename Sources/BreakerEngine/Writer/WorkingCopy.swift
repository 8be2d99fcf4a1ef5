import BreakerCore
import BreakerStorage

/// The breakers as the writer changes them: ahead of the store by one batch at most.
struct WorkingCopy {
    /// Dense, in no order.
    private var breakers: [Breaker] = []
    private var places: [BreakerName: Int] = [:]
    /// In byte order.
    private(set) var names: [BreakerName] = []
    /// When each breaker is due next, as of the last commit.
    private var due = DueQueue()

    let book: PolicyBook
    let maximumBreakers: Int

    // What the present batch did.
    private(set) var now: Instant
    var journal: Journal
    private var touched: Set<BreakerName> = []
    private var seen: Set<BreakerName> = []
    private var deletions: [WriteBatch.Deletion] = []
    private var receipts: [ReceiptKey: Receipt] = [:]
    private var committedRevision: Int64

    private struct ReceiptKey: Hashable {
        var breakerID: Int64
        var reportID: String
    }

    init(_ breakers: [Breaker], revision: Int64, at now: Instant, book: PolicyBook, maximumBreakers: Int) {
        self.breakers = breakers
        self.names = breakers.map(\.name).sorted()
        self.book = book
        self.maximumBreakers = maximumBreakers
        self.now = now
        journal = Journal(revision: revision)
        committedRevision = revision
        places.reserveCapacity(breakers.count)
        for (place, breaker) in breakers.enumerated() {
            places[breaker.name] = place
            due.schedule(breaker.name, at: breaker.nextDue)
        }
    }

    subscript(name: BreakerName) -> Breaker? {
        places[name].map { breakers[$0] }
    }

    // MARK: Changing

    /// Changes a breaker in place; `nil` where there is none. The breaker is stored with the batch.
    mutating func change<Result>(
        _ name: BreakerName,
        _ body: (inout Breaker, Instant, inout Journal) -> Result
    ) -> Result? {
        guard let place = places[name] else { return nil }
        touched.insert(name)
        return body(&breakers[place], now, &journal)
    }

    /// As ``change(_:_:)``; the body says whether it changed anything, beyond what was due.
    mutating func event<Result>(
        _ name: BreakerName,
        _ body: (inout Breaker, Instant, inout Journal) -> (result: Result, changed: Bool)
    ) -> Result? {
        guard let place = places[name] else { return nil }
        seen.insert(name)
        let isDue = breakers[place].nextDue.map { $0 <= now } ?? false
        let (result, changed) = body(&breakers[place], now, &journal)
        if changed || isDue { touched.insert(name) }
        return result
    }

    /// Creates a breaker with the policy that the configuration has for its name.
    /// - Throws: ``EngineError/Code/breakerLimit``.
    mutating func create(_ name: BreakerName) throws(EngineError) {
        let (policy, source) = book.policy(for: name)
        try create(name, policy: policy, source: source, actor: nil)
    }

    mutating func create(
        _ name: BreakerName,
        policy: Policy,
        source: PolicySource,
        actor: String?
    ) throws(EngineError) {
        precondition(places[name] == nil, "\(name) exists")
        guard breakers.count < maximumBreakers else {
            throw EngineError(.breakerLimit, "there are \(maximumBreakers) breakers, as many as max_breakers allows")
        }
        insert(
            Breaker(creating: name, policy: policy, source: source, actor: actor, at: now, journal: &journal)
        )
        touched.insert(name)
    }

    mutating func delete(_ name: BreakerName, actor: String?) {
        guard let breaker = self[name] else { return }
        journal.recordDeletion(of: breaker, actor: actor, at: now)
        deletions.append(
            WriteBatch.Deletion(breakerID: breaker.id, name: name, revision: journal.revision, actor: actor)
        )
        remove(name)
        touched.insert(name)
    }

    mutating func remember(_ receipt: Receipt, ofReport id: String, breakerID: Int64) {
        receipts[ReceiptKey(breakerID: breakerID, reportID: id)] = receipt
    }

    /// What this batch remembers of a report; `nil` where nothing is.
    func receiptInBatch(ofReport id: String, breakerID: Int64) -> Receipt? {
        receipts[ReceiptKey(breakerID: breakerID, reportID: id)]
    }

    /// Advances breakers that are due, those that have been for longest first, `limit` at most.
    mutating func advanceDue(limit: Int = .max) {
        for name in due.takeDue(at: now, limit: limit) {
            _ = change(name) { breaker, now, journal in breaker.advance(to: now, journal: &journal) }
        }
    }

    /// When the next breaker is due, as of the last commit; `nil` if none is.
    mutating func nextDue() -> Instant? { due.next() }

    // MARK: Batches

    mutating func beginBatch(at now: Instant) {
        self.now = max(now, self.now)
    }

    /// Whether the batch has anything to store.
    var hasChanges: Bool { !touched.isEmpty || !receipts.isEmpty }

    /// The names that the batch touched, the deleted ones included.
    var touchedNames: [BreakerName] { Array(touched) }

    /// What has to be stored. Rows of a breaker that the batch deleted go with it.
    func batch(lastSeen: ([BreakerName]) -> [Instant?]) -> WriteBatch {
        var batch = WriteBatch(at: now, revision: journal.revision)
        let alive = touched.filter { places[$0] != nil }.sorted()
        batch.deletions = deletions.filter { $0.breakerID <= committedRevision }
        batch.breakers = zip(alive, lastSeen(alive)).compactMap { name, lastSeenAt in
            guard let breaker = self[name] else { return nil }
            return StoredBreaker(breaker.snapshot, lastSeenAt: seen.contains(name) ? now : lastSeenAt)
        }
        let deleted = Set(deletions.map(\.breakerID))
        batch.transitions = journal.changes.compactMap { change in
            guard case .transition(let transition) = change.kind, !deleted.contains(change.breakerID) else {
                return nil
            }
            return WriteBatch.TransitionRow(breakerID: change.breakerID, transition: transition)
        }
        batch.failures =
            deleted.isEmpty ? journal.failures : journal.failures.filter { !deleted.contains($0.breakerID) }
        batch.receipts = receipts.compactMap { key, receipt in
            guard !deleted.contains(key.breakerID) else { return nil }
            return WriteBatch.ReceiptRow(breakerID: key.breakerID, reportID: key.reportID, receipt: receipt)
        }
        return batch
    }

    /// The batch is stored, or changed nothing.
    /// - Returns: what the panel has to show, and the changes in order of revision.
    mutating func commitBatch() -> (updates: [Panel.Update], changes: [Journal.Change]) {
        let updates = touched.union(seen).map { name in
            Panel.Update(name: name, standing: self[name]?.standing, wasSeen: seen.contains(name))
        }
        for name in touched { due.schedule(name, at: self[name]?.nextDue) }
        let changes = journal.changes
        committedRevision = journal.revision
        forgetBatch()
        return (updates, changes)
    }

    /// The batch is not stored: `stored` is what the store has of the breakers that it touched.
    mutating func revertBatch(to stored: [Breaker], revision: Int64, names: [BreakerName]) {
        var gone = Set(names)
        for breaker in stored {
            gone.remove(breaker.name)
            if let place = places[breaker.name] { breakers[place] = breaker } else { insert(breaker) }
        }
        for name in gone { remove(name) }
        committedRevision = revision
        for name in names { due.schedule(name, at: self[name]?.nextDue) }
        forgetBatch()
    }

    private mutating func forgetBatch() {
        journal = Journal(revision: committedRevision)
        touched.removeAll(keepingCapacity: true)
        seen.removeAll(keepingCapacity: true)
        deletions.removeAll()
        receipts.removeAll(keepingCapacity: true)
    }

    // MARK: Places

    private mutating func insert(_ breaker: Breaker) {
        places[breaker.name] = breakers.count
        breakers.append(breaker)
        names.insert(breaker.name, at: placeInOrder(of: breaker.name))
    }

    private mutating func remove(_ name: BreakerName) {
        guard let place = places.removeValue(forKey: name) else { return }
        breakers.swapAt(place, breakers.count - 1)
        breakers.removeLast()
        if place < breakers.count { places[breakers[place].name] = place }
        names.remove(at: placeInOrder(of: name))
    }

    /// The first place in ``names`` whose name is not before `name`.
    func placeInOrder(of name: BreakerName) -> Int {
        names.partitioningIndex { $0 >= name }
    }
}

extension [BreakerName] {
    /// The first place at which `condition` holds, in an array in which it holds for the rest from there.
    func partitioningIndex(where condition: (BreakerName) -> Bool) -> Int {
        var (low, high) = (startIndex, endIndex)
        while low < high {
            let middle = (low + high) / 2
            if condition(self[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
