import Foundation
import TestSupport

/// Checks a server that was started after a crash.
struct CrashCheck {
    let wire: Wire
    let ledger: Ledger
    var findings: CrashRun.Findings
    /// The highest revision that any server has shown.
    var revision: Int

    /// Checks that a probe granted before the crash keeps its slot until its lease ends.
    mutating func probes() async throws {
        let (generation, sent) = (ledger.generation, ContinuousClock.now)
        let held = ledger.heldGrants(at: sent, for: .milliseconds(200))
        let reply = try await wire.acquire(CrashRun.tripping)
        guard reply.status == 200 else { return ledger.violation("acquire after a crash: \(reply)") }
        if !held.isEmpty { findings.slotsHeldAcrossCrash += 1 }
        if ledger.isOpen(at: .now) { findings.openAcrossCrash += 1 }
        guard reply.flag("allowed") == true, let permit = reply.text("permit") else { return }
        let lease = reply.number("lease_ms").map { Duration.milliseconds($0) }
        ledger.allowed(permit: permit, lease: lease, sent: sent, received: .now, generation: generation)
    }

    /// Repeats the reports with an id that were not acknowledged, and some of those that were.
    mutating func retries(of breakers: [String], using random: inout SplitMix64) async throws {
        for breaker in breakers {
            let withID = ledger.sent(to: breaker).filter { $0.reportID != nil }
            for failure in withID.filter({ !ledger.isAcknowledged($0) }) {
                let reply = try await wire.fail(breaker, detail: failure.detail, id: failure.reportID)
                findings.retriedUnacknowledged += 1
                if reply.flag("applied") == true {
                    ledger.acknowledge(failure)
                } else {
                    ledger.violation("\(failure) again: \(reply)")
                }
            }
            for failure in withID.shuffled(using: &random).prefix(5) {
                let reply = try await wire.fail(breaker, detail: failure.detail, id: failure.reportID)
                if reply.flag("duplicate") != true || reply.flag("applied") != true {
                    ledger.violation("\(failure) is acknowledged, and now: \(reply)")
                }
            }
        }
    }

    /// Checks that every acknowledged failure is in the log and in the count, exactly once.
    mutating func failureLogs(of breakers: [String]) async throws {
        for breaker in breakers {
            let sent = ledger.sent(to: breaker)
            let stored = try await failureLog(of: breaker)
            note(
                losses(
                    acknowledged: Set(sent.filter(ledger.isAcknowledged).map(\.detail)),
                    sent: Set(sent.map(\.detail)),
                    stored: stored
                )
            )
            let view = try await wire.get("/v1/breakers/\(breaker)")
            let count = view.number("counts", "consecutive_failures")
            if count != stored.count {
                ledger.violation("\(breaker) counts \(count ?? -1), and its log has \(stored.count)")
            }
        }
    }

    /// Checks that the breaker of all rounds has every acknowledged failure in its count, and the newest ones in its
    /// log.
    mutating func lastingBreaker(round: Int) async throws {
        let sent = ledger.sent(to: CrashRun.lasting)
        let acknowledged = sent.filter(ledger.isAcknowledged).count
        let view = try await wire.get("/v1/breakers/\(CrashRun.lasting)")
        let count = view.number("counts", "consecutive_failures") ?? -1
        if !(acknowledged...sent.count).contains(count) {
            ledger.violation("\(CrashRun.lasting) counts \(count); sent \(sent.count), acknowledged \(acknowledged)")
        }
        let newest = sent.filter { $0.round == round }
        note(
            losses(
                acknowledged: Set(newest.filter(ledger.isAcknowledged).map(\.detail)),
                sent: Set(sent.map(\.detail)),
                stored: try await failureLog(of: CrashRun.lasting)
            )
        )
    }

    /// Checks that no revision is used twice, and that no generation decreases.
    mutating func revisions() async throws {
        let newest = try await wire.get("/v1/transitions?page_size=1").rows("transitions").first?["revision"] as? Int
        if (newest ?? 0) < revision { ledger.violation("revision \(newest ?? 0) behind \(revision)") }
        revision = max(revision, newest ?? 0)
        let generation = try await wire.get("/v1/breakers/\(CrashRun.tripping)").number("generation") ?? 0
        if generation < ledger.generation {
            ledger.violation("generation \(generation) behind \(ledger.generation)")
        }
    }

    private mutating func note(_ losses: Losses) {
        findings.losses.lost.formUnion(losses.lost)
        findings.losses.repeated.formUnion(losses.repeated)
        findings.losses.invented.formUnion(losses.invented)
    }

    private func failureLog(of breaker: String) async throws -> [String] {
        let reply = try await wire.get("/v1/breakers/\(breaker)/failures?page_size=1000")
        guard reply.status == 200 else { throw NeverHappened(description: "the log of \(breaker): \(reply)") }
        return reply.rows("failures").compactMap { $0["detail"] as? String }
    }
}
