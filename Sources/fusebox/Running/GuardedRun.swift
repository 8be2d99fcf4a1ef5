import BreakerAPI
import BreakerClient
import Foundation

/// Runs a command under a breaker: it acquires, runs the command and reports.
struct GuardedRun {
    let address: ServerAddress
    let breaker: String
    let command: ChildCommand
    let reporter: String
    /// Exit codes that are not the downstream's fault.
    let ignoredExits: Set<Int32>
    /// Whether the command runs if there is no decision.
    let runsWithoutDecision: Bool

    /// EX_TEMPFAIL of sysexits.h: try again later.
    static let denied: Int32 = 75
    /// The pauses before each attempt to report.
    private static let pauses: [Duration] = [.zero, .milliseconds(200), .seconds(1)]

    private var client: FuseboxClient { address.client }

    /// - Returns: the exit code to pass on.
    func run() async -> Int32 {
        ForwardedSignals.install()
        var decision: DecisionDocument?
        do {
            decision = try await address.reached { try await client.acquire(breaker) }
        } catch {
            Output.remark("fusebox: no decision on \(breaker): \(error)")
            guard runsWithoutDecision else { return Self.denied }
        }
        if let decision, !decision.allowed {
            Output.remark("fusebox: the command was not run: \(breaker) is \(decision.words)")
            return Self.denied
        }
        if ForwardedSignals.received != 0 {
            await report("ignored", decision: decision)
            return 128 + ForwardedSignals.received
        }
        return await runCommand(under: decision)
    }

    private func runCommand(under decision: DecisionDocument?) async -> Int32 {
        let start = ContinuousClock.now
        do throws(ChildCommand.NotStarted) {
            let end = try await command.run()
            let durationMs = Int64((ContinuousClock.now - start).seconds * 1_000)
            await report(outcome(of: end), decision: decision, kind: end.kind, durationMs: durationMs)
            return end.code
        } catch {
            Output.remark("fusebox: \(error)")
            await report("ignored", decision: decision)
            return error.exitCode
        }
    }

    /// The outcome to report. If a signal asked the command to end, its end says nothing about the downstream.
    private func outcome(of end: ChildCommand.End) -> String {
        if end == .exit(0) { return "success" }
        if [SIGINT, SIGTERM, SIGHUP, SIGQUIT].contains(ForwardedSignals.received) { return "ignored" }
        if case .exit(let code) = end, ignoredExits.contains(code) { return "ignored" }
        return "failure"
    }

    /// Reports the outcome. If that fails, the command's exit code is still passed on.
    private func report(
        _ outcome: String,
        decision: DecisionDocument?,
        kind: String? = nil,
        durationMs: Int64? = nil
    ) async {
        // Without a permit there is nothing to give back.
        if decision == nil, outcome == "ignored" { return }
        let id = UUID().uuidString
        let end = ContinuousClock.now
        for (number, pause) in Self.pauses.enumerated() {
            try? await Task.sleep(for: pause)
            do {
                let answer = try await address.reached {
                    try await client.report(
                        outcome,
                        to: breaker,
                        permit: decision?.permit,
                        durationMs: durationMs.map { min($0, 86_400_000) },
                        ageMs: min(Int64((ContinuousClock.now - end).seconds * 1_000), 900_000),
                        kind: outcome == "failure" ? kind : nil,
                        reporter: reporter,
                        reportID: id
                    )
                }
                if answer.reason == "lease_expired" {
                    Output.remark("fusebox: the command outlived the lease of its probe; its outcome does not count")
                }
                return
            } catch {
                let isLast = number == Self.pauses.count - 1 || decision == nil || !Self.mayHelp(after: error)
                guard isLast else { continue }
                return Output.remark("fusebox: the outcome could not be reported: \(error)")
            }
        }
    }

    /// Whether sending the report again may help.
    private static func mayHelp(after error: any Error) -> Bool {
        guard let error = error as? FuseboxError else { return true }
        return error.status >= 500
    }
}
