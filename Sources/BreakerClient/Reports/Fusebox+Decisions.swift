import BreakerAPI
import Logging
import NIOConcurrencyHelpers
import Synchronization

extension Fusebox {
    /// Sends the decisions that this process made itself, once a second, until the task is cancelled.
    func sendDecisionsRegularly() async {
        while (try? await clock.sleep(forNs: Self.decisionsNs)) != nil {
            // While the server is away the counts add up, because an unanswered request loses them.
            if !reachability.withLockedValue({ $0.isAway }) { await sendDecisions() }
        }
    }

    private static let decisionsNs: Int64 = 1_000 * nsPerMs

    /// Sends the decisions that this process made itself since the last request. Each is sent at most once, because the
    /// server could not recognise a repeated count; if the answer is lost, they may be missing at the server.
    func sendDecisions() async {
        guard !hasRefusedDecisions.load(ordering: .relaxed) else { return }
        let taken = panel.entries.compactMap { entry -> (BreakerEntry, DecisionTally.Counts)? in
            let counts = entry.state.withLockedValue { $0.takeOwnDecisions() }
            return counts == DecisionTally.Counts() ? nil : (entry, counts)
        }
        let counts = taken.prefix(Self.mostDecisions)
        putBack(taken.dropFirst(Self.mostDecisions))
        guard !counts.isEmpty else { return }
        do {
            try await client.count(
                counts.map { entry, counts in
                    DecisionCountDocument(
                        name: entry.name,
                        allowed: Int64(counts.allowed),
                        denied: Int64(counts.denied)
                    )
                }
            )
        } catch let error as FuseboxError where error.status == 400 {
            // A server of an earlier version does not know them.
            hasRefusedDecisions.store(true, ordering: .relaxed)
        } catch let error as FuseboxError where error.isRefusal {
            putBack(counts)
        } catch {
            log(.debug, "counts of decisions are lost", ["error": "\(error)"])
        }
    }

    /// The maximum number of breakers in one request: the server's limit.
    private static let mostDecisions = 10_000

    private func putBack(_ counts: ArraySlice<(BreakerEntry, DecisionTally.Counts)>) {
        for (entry, counts) in counts {
            entry.state.withLockedValue { $0.putBackOwnDecisions(counts) }
        }
    }
}

extension BreakerEntry.State {
    /// The decisions of this process that were not taken yet, up to the server's limit for one count.
    mutating func takeOwnDecisions() -> DecisionTally.Counts {
        let counts = DecisionTally.Counts(
            allowed: min(tally.local.allowed + tally.fallback.allowed - sentDecisions.allowed, Self.largestCount),
            denied: min(tally.local.denied + tally.fallback.denied - sentDecisions.denied, Self.largestCount)
        )
        sentDecisions = sentDecisions + counts
        return counts
    }

    mutating func putBackOwnDecisions(_ counts: DecisionTally.Counts) {
        sentDecisions.allowed -= counts.allowed
        sentDecisions.denied -= counts.denied
    }

    private static let largestCount = 1_000_000
}
