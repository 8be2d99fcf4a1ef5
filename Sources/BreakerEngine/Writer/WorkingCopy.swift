import BreakerCore
import BreakerStorage

/// The breakers in memory, which the writer changes. The working copy is ahead of the store by at most one batch.
struct WorkingCopy {
    /// All breakers, without gaps and in no particular order.
    private(set) var breakers: [Breaker] = []
    private var indices: [BreakerName: Int] = [:]
    private var policies: PolicyPool
    /// In byte order.
    private(set) var names: [BreakerName] = []
    /// When each breaker is due next, as of the last commit.
    var due = DueQueue()

    let book: PolicyBook
    let limits: CreationLimits
    /// How many existing breakers each token created.
    private var created: [String: Int] = [:]

    /// Indices of breakers that were stored since lists last took their progress.
    var progressed: BreakerIndexSet

    // The current batch, and counts that outlive it.
    private(set) var now: Instant
    var journal: Journal
    /// Indices of breakers that have to be stored.
    var touched: BreakerIndexSet
    /// Indices of breakers that a worker's acquire or report names.
    var seen: BreakerIndexSet
    var deletions: [WriteBatch.Deletion] = []
    /// In the order of arrival, so that the receipts of one client are together.
    var receipts: [WriteBatch.ReceiptRow] = []
    /// The index of each receipt in ``receipts``.
    var receiptIndices: [ReceiptKey: Int] = [:]
    /// The audit entries of the batch.
    var audit: [AuditEntry] = []
    /// The reported outcomes, by index.
    var reportTallies: ReportTallies
    var transitionTallies = TransitionTallies()
    var unstored = UnstoredCalls()
    /// The minute in which the panel began to count the decisions that are not collected yet.
    var countingSince: Minute
    var committedRevision: Int64
    /// How far the batch moves every instant of live state, in milliseconds; 0 in nearly all batches.
    private(set) var shiftMs: Int64 = 0
    /// How many committed batches moved the instants.
    private(set) var shifts = 0

    struct ReceiptKey: Hashable {
        var breakerID: Int64
        var reportID: String
    }

    /// - Parameter policies: the policies of `breakers`, which share them.
    init(
        _ breakers: [Breaker],
        policies: PolicyPool,
        revision: Int64,
        at now: Instant,
        book: PolicyBook,
        limits: CreationLimits
    ) {
        self.breakers = breakers
        self.policies = policies
        self.names = breakers.map(\.name).sorted()
        self.book = book
        self.limits = limits
        self.now = now
        countingSince = Minute(of: now)
        journal = Journal(revision: revision)
        committedRevision = revision
        touched = BreakerIndexSet(count: breakers.count)
        seen = BreakerIndexSet(count: breakers.count)
        progressed = BreakerIndexSet(count: breakers.count)
        reportTallies = ReportTallies(count: breakers.count)
        indices.reserveCapacity(breakers.count)
        for (index, breaker) in breakers.enumerated() {
            indices[breaker.name] = index
            due.schedule(breaker.name, at: breaker.nextDue)
            if let creator = breaker.creator { created[creator, default: 0] += 1 }
            if breaker.mayHaveProgress { progressed.insert(index) }
        }
    }

    subscript(name: BreakerName) -> Breaker? {
        indices[name].map { breakers[$0] }
    }

    /// The index of a breaker, valid until the next deletion; `nil` if there is no such breaker.
    func index(of name: BreakerName) -> Int? { indices[name] }

    // MARK: Changing

    /// Changes a breaker, which is then stored with the batch.
    /// - Returns: the result of `body`; `nil` if there is no such breaker.
    mutating func change<Result>(
        _ name: BreakerName,
        _ body: (inout Breaker, Instant, inout Journal) -> Result
    ) -> Result? {
        guard let index = indices[name] else { return nil }
        touched.insert(index)
        return body(&breakers[index], now, &journal)
    }

    /// Changes a breaker for a worker's acquire or report.
    /// - Parameter body: returns also whether it changed anything beyond changes that were due. The breaker is stored
    ///   with the batch only if it did, or if a change was due.
    mutating func event<Result>(
        at index: Int,
        _ body: (inout Breaker, Instant, inout Journal) -> (result: Result, changed: Bool)
    ) -> Result {
        seen.insert(index)
        let (result, changed) = Self.apply(body, to: &breakers[index], at: now, &journal)
        if changed { touched.insert(index) }
        return result
    }

    /// Reads and changes the breaker in place, because a breaker is large to copy.
    private static func apply<Result>(
        _ body: (inout Breaker, Instant, inout Journal) -> (result: Result, changed: Bool),
        to breaker: inout Breaker,
        at now: Instant,
        _ journal: inout Journal
    ) -> (result: Result, changed: Bool) {
        let isDue = breaker.nextDue.map { $0 <= now } ?? false
        let (result, changed) = body(&breaker, now, &journal)
        return (result, changed || isDue)
    }

    /// Creates a breaker that a worker's acquire or report names, with the policy that the configuration has for its
    /// name.
    /// - Throws: ``EngineError/Code/breakerLimit``; ``EngineError/Code/unknownBreaker`` if workers may not create
    ///   breakers.
    mutating func create(_ name: BreakerName, for client: Client) throws(EngineError) -> Int {
        let own = created[client.name, default: 0]
        try limits.checkWorker(client.name, creates: name, existing: breakers.count, own: own)
        let (policy, source) = book.policy(for: name)
        return try create(name, policy: policy, source: source, actor: nil, creator: client.name)
    }

    /// Creates a breaker that an operator or the configuration names.
    /// - Throws: ``EngineError/Code/breakerLimit``.
    @discardableResult
    mutating func create(
        _ name: BreakerName,
        policy: Policy,
        source: PolicySource,
        actor: String?,
        creator: String? = nil
    ) throws(EngineError) -> Int {
        precondition(indices[name] == nil, "\(name) exists")
        try limits.checkOperator(existing: breakers.count)
        insert(
            Breaker(
                creating: name,
                policy: policy,
                source: source,
                actor: actor,
                creator: creator,
                at: now,
                journal: &journal
            )
        )
        touched.insert(breakers.count - 1)
        return breakers.count - 1
    }

    mutating func delete(_ name: BreakerName, actor: String?) {
        guard let index = indices[name] else { return }
        let breaker = breakers[index]
        journal.recordDeletion(of: breaker, actor: actor, at: now)
        deletions.append(WriteBatch.Deletion(breakerID: breaker.id, name: name))
        reportTallies.keep(index, of: breaker.id)
        remove(name)
    }

    mutating func remember(_ receipt: Receipt, ofReport id: String, breakerID: Int64, from client: Client) {
        receiptIndices[ReceiptKey(breakerID: breakerID, reportID: id)] = receipts.count
        receipts.append(
            WriteBatch.ReceiptRow(breakerID: breakerID, reportID: id, receipt: receipt, client: client.key)
        )
    }

    /// The receipt of a report in this batch; `nil` if there is none.
    func receiptInBatch(ofReport id: String, breakerID: Int64) -> Receipt? {
        receiptIndices[ReceiptKey(breakerID: breakerID, reportID: id)].map { receipts[$0].receipt }
    }

    /// Advances the breakers that are due, the longest due first, at most `limit`.
    mutating func advanceDue(limit: Int = .max) {
        for name in due.takeDue(at: now, limit: limit) {
            _ = change(name) { breaker, now, journal in breaker.advance(to: now, journal: &journal) }
        }
    }

    /// How many rows the batch has to store so far, except those that come with a change of a breaker.
    var rows: Int { touched.count + journal.failures.count + receipts.count }

    /// When the next breaker is due, as of the last commit; `nil` if no breaker is.
    mutating func nextDue() -> Instant? { due.next() }

    mutating func beginBatch(at now: Instant) {
        self.now = now
    }

    /// Removes and returns some of the breakers that were stored since they were last taken.
    /// - Returns: at most `limit` names, each with its breaker, or with `nil` if the breaker has no progress.
    mutating func takeProgressed(atMost limit: Int) -> [(name: BreakerName, breaker: Breaker?)] {
        progressed.removeLast(limit).map { index in
            (breakers[index].name, breakers[index].mayHaveProgress ? breakers[index] : nil)
        }
    }

    /// Moves every instant of live state, and the instant of the batch, by the amount by which the clock was set.
    mutating func shift(byMs milliseconds: Int64) {
        now = now.advanced(byMilliseconds: milliseconds)
        shiftMs = milliseconds
        for index in breakers.indices {
            breakers[index].shift(byMilliseconds: milliseconds)
            touched.insert(index)
        }
    }

    /// Ends the shift of a batch that is over.
    /// - Parameter isCommitted: whether the batch, and with it the shift, is committed.
    mutating func endShift(isCommitted: Bool) {
        if isCommitted, shiftMs != 0 { shifts += 1 }
        shiftMs = 0
    }

    // MARK: Indices

    /// Replaces a breaker with its stored form, or appends it if the working copy lacks it.
    mutating func restore(_ breaker: Breaker) {
        if let index = indices[breaker.name] {
            countCreation(of: breakers[index], by: -1)
            countCreation(of: breaker, by: 1)
            breakers[index] = breaker
            policies.share(&breakers[index])
        } else {
            insert(breaker)
        }
        reportTallies.restore(indices[breaker.name] ?? breakers.count - 1, of: breaker.id)
    }

    /// Lets a breaker share its policy with other breakers that have an equal one.
    mutating func sharePolicy(of name: BreakerName) {
        if let index = indices[name] { policies.share(&breakers[index]) }
    }

    private mutating func countCreation(of breaker: Breaker, by difference: Int) {
        guard let creator = breaker.creator else { return }
        let count = created[creator, default: 0] + difference
        created[creator] = count == 0 ? nil : count
    }

    private mutating func insert(_ breaker: Breaker) {
        countCreation(of: breaker, by: 1)
        indices[breaker.name] = breakers.count
        breakers.append(breaker)
        policies.share(&breakers[breakers.count - 1])
        touched.appendIndex()
        seen.appendIndex()
        progressed.appendIndex()
        // This includes a breaker that is restored because its deletion failed.
        progressed.insert(breakers.count - 1)
        reportTallies.appendIndex()
        names.insert(breaker.name, at: indexInOrder(of: breaker.name))
    }

    mutating func remove(_ name: BreakerName) {
        guard let index = indices.removeValue(forKey: name) else { return }
        countCreation(of: breakers[index], by: -1)
        touched.swapRemoveIndex(index)
        seen.swapRemoveIndex(index)
        progressed.swapRemoveIndex(index)
        reportTallies.swapRemoveIndex(index)
        breakers.swapAt(index, breakers.count - 1)
        breakers.removeLast()
        if index < breakers.count { indices[breakers[index].name] = index }
        names.remove(at: indexInOrder(of: name))
    }

    /// The first names after `last` that begin with `prefix`, in order.
    func names(prefix: String, after last: BreakerName?, atMost limit: Int) -> [BreakerName] {
        var start = names.partitioningIndex { $0.value >= prefix }
        if let last { start = max(start, names.partitioningIndex { $0 > last }) }
        return Array(names[start...].prefix(limit).prefix { $0.value.hasPrefix(prefix) })
    }

    /// The first index in ``names`` whose name is not before `name`.
    func indexInOrder(of name: BreakerName) -> Int {
        names.partitioningIndex { $0 >= name }
    }
}
