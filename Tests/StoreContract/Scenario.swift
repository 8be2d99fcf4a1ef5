package import BreakerCore
package import BreakerStorage
import TestSupport

/// Breakers as a server has them, and the batches that store their events.
package struct Scenario {
    package var now: Instant
    package private(set) var breakers: [BreakerName: Breaker] = [:]
    /// The instant of each breaker's last acquire.
    package var lastSeenAt: [BreakerName: Instant] = [:]
    private var revision: Int64 = 0
    private var journal = Journal(revision: 0)
    private var touched: Set<BreakerName> = []
    private var deletions: [WriteBatch.Deletion] = []
    private var receipts: [WriteBatch.ReceiptRow] = []
    /// Random numbers from a fixed seed, so that a failure can be repeated.
    private var random = SplitMix64(seed: 1)

    package init(at now: Instant) {
        self.now = now
    }

    package init() {
        self.init(at: .start)
    }

    package subscript(name: String) -> Breaker {
        guard let breaker = breakers[.named(name)] else { preconditionFailure("there is no breaker '\(name)'") }
        return breaker
    }

    // MARK: Events

    package mutating func wait(ms: Int64) {
        now = now.advanced(byMilliseconds: ms)
    }

    package mutating func create(
        _ name: String,
        _ document: PolicyDocument = [:],
        source: PolicySource = .builtIn,
        actor: String? = nil,
        creator: String? = nil
    ) {
        let name = BreakerName.named(name)
        do throws(PolicyError) {
            let policy = try Policy().applying(document)
            breakers[name] = Breaker(
                creating: name,
                policy: policy,
                source: source,
                actor: actor,
                creator: creator,
                at: now,
                journal: &journal
            )
        } catch {
            preconditionFailure("\(document) is no policy: \(error.faults)")
        }
        touched.insert(name)
    }

    package mutating func change(_ name: String, _ event: (inout Breaker, Instant, inout Journal) -> Void) {
        var breaker = self[name]
        event(&breaker, now, &journal)
        breakers[breaker.name] = breaker
        touched.insert(breaker.name)
    }

    @discardableResult
    package mutating func acquire(_ name: String) -> Permit? {
        var random = self.random
        var permit: Permit?
        change(name) { breaker, now, journal in
            if case .allowed(let granted, _, _, _) = breaker.acquire(at: now, journal: &journal, random: &random) {
                permit = granted
            }
        }
        self.random = random
        return permit
    }

    /// - Parameter client: as `Author.client`.
    package mutating func report(_ name: String, _ reports: Report..., from client: String = "worker") {
        for report in reports {
            var answer: ReportAnswer?
            change(name) { breaker, now, journal in
                answer = breaker.report(report, at: now, journal: &journal)
            }
            guard let id = report.id, let answer else { continue }
            let receipt = Receipt(of: report, answer: answer, at: now)
            receipts.append(
                WriteBatch.ReceiptRow(breakerID: self[name].id, reportID: id, receipt: receipt, client: client)
            )
        }
    }

    package mutating func fail(_ name: String, times count: Int = 1) {
        for _ in 0..<count { report(name, Report(.failure, kind: "timeout", reporter: "checkout-7")) }
    }

    package mutating func delete(_ name: String, actor: String? = nil) {
        let breaker = self[name]
        journal.recordDeletion(of: breaker, actor: actor, at: now)
        deletions.append(WriteBatch.Deletion(breakerID: breaker.id, name: breaker.name))
        receipts.removeAll { $0.breakerID == breaker.id }
        breakers[breaker.name] = nil
        lastSeenAt[breaker.name] = nil
        touched.remove(breaker.name)
    }

    // MARK: Batches

    /// The batch of the events since the last one.
    package mutating func batch() -> WriteBatch {
        revision = journal.revision
        var batch = WriteBatch(at: now, revision: revision)
        let living = Set(breakers.values.map(\.id))
        batch.deletions = deletions
        batch.breakers = touched.sorted().map(stored)
        batch.failures = journal.failures.filter { living.contains($0.breakerID) }
        batch.receipts = receipts
        batch.changes = journal.changes
        journal = Journal(revision: revision)
        (touched, deletions, receipts) = ([], [], [])
        return batch
    }

    package mutating func write(to store: some BreakerStore) throws {
        try store.write(batch())
    }

    /// The state of a store after the last batch, if the batch was made at this instant.
    package var panel: StoredPanel {
        StoredPanel(revision: revision, lastWrite: now, breakers: breakers.keys.sorted().map(stored))
    }

    /// The breaker as it is stored, without openings that are an hour old.
    private func stored(_ name: BreakerName) -> StoredBreaker {
        guard var breaker = breakers[name] else { preconditionFailure("'\(name)' is deleted") }
        breaker.forgetOpenings(hourBefore: now)
        return StoredBreaker(breaker, lastSeenAt: lastSeenAt[name])
    }
}
