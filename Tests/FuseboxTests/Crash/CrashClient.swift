import AsyncHTTPClient
import BreakerAPI
import BreakerClient
import Foundation
import NIOCore
import NIOHTTP1
import TestSupport

/// Sends requests until the server is gone, and records the answers.
struct CrashClient: Sendable {
    let number: Int
    let round: Int
    let wire: Wire
    let fusebox: FuseboxClient
    let ledger: Ledger
    var random: SplitMix64

    // MARK: Failures

    /// Reports failures one at a time, every second one with an id.
    func reportFailures() async {
        await untilGone { turn in
            let failure = failure(turn, hasID: turn % 2 == 0)
            guard ledger.send([failure]) else { return false }
            let answer = try await fusebox.report(
                "failure",
                to: failure.breaker,
                detail: failure.detail,
                reportID: failure.reportID
            )
            if answer.applied { ledger.acknowledge(failure) } else { ledger.violation("\(failure): \(answer)") }
            return true
        }
    }

    /// Reports failures in batches, for two breakers at once.
    func reportBatches() async {
        await untilGone { turn in
            let failures = (0..<Self.batchSize).map { failure(turn * Self.batchSize + $0, hasID: $0 % 3 == 0) }
            guard ledger.send(failures) else { return false }
            let items = failures.map { failure in
                let id = failure.reportID.map { #","report_id":"\#($0)""# } ?? ""
                return #"{"name":"\#(failure.breaker)","outcome":"failure","detail":"\#(failure.detail)"\#(id)}"#
            }
            let reply = try await wire.send(.POST, "/v1/reports", #"{"reports":[\#(items.joined(separator: ","))]}"#)
            for (failure, result) in zip(failures, reply.rows("results")) {
                if result["applied"] as? Bool == true {
                    ledger.acknowledge(failure)
                } else {
                    ledger.violation("\(failure): \(result)")
                }
            }
            return true
        }
    }

    private static let batchSize = 10

    /// Makes a failure; every fourth is for the breaker of all rounds.
    private func failure(_ turn: Int, hasID: Bool) -> SentFailure {
        let detail = "r\(round)-c\(number)-\(turn)"
        let breaker = turn % 4 == 3 ? CrashRun.lasting : CrashRun.breaker(ofRound: round, number % 2)
        return SentFailure(breaker: breaker, detail: detail, reportID: hasID ? detail : nil, round: round)
    }

    // MARK: Probes

    /// Trips the breaker when it is closed, probes it when it may, and then reports an outcome or holds the slot.
    func tripAndProbe() async {
        var random = random
        var rest: Duration?
        await untilGone { _ in
            // A worker calls its downstream in between. Without a pause the acquires would leave the server no time for
            // reports.
            if let rest { try await Task.sleep(for: rest) }
            rest = .milliseconds(5)
            let (generation, sent) = (ledger.generation, ContinuousClock.now)
            let decision = try await fusebox.acquire(CrashRun.tripping)
            guard decision.allowed, let permit = decision.permit else { return true }
            let lease = decision.leaseMs.map { Duration.milliseconds($0) }
            ledger.allowed(permit: permit, lease: lease, sent: sent, received: .now, generation: generation)
            switch lease == nil ? 5 : Int.random(in: 0..<6, using: &random) {
            case 0: break
            case 1...3: try await report("success", permit: permit)
            default: try await report("failure", permit: permit)
            }
            return true
        }
    }

    private func report(_ outcome: String, permit: String) async throws {
        let sent = ContinuousClock.now
        ledger.release(permit, at: sent)
        let answer = try await fusebox.report(outcome, to: CrashRun.tripping, permit: permit)
        if answer.applied, answer.state == "open" { ledger.tripped(sent: sent, received: .now) }
    }

    /// - Parameter step: sends a request, and returns whether to continue.
    private func untilGone(_ step: (Int) async throws -> Bool) async {
        var turn = 0
        do {
            while try await step(turn) { turn += 1 }
        } catch let error as FuseboxError {
            ledger.violation("client \(number) was answered: \(error)")
        } catch {
            // The server is gone; the requests in flight may or may not be stored.
        }
    }
}
