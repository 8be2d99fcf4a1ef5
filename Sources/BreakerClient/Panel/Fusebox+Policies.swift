import BreakerAPI
import BreakerCore
import Foundation
import Logging
import NIOConcurrencyHelpers
import Synchronization

extension Fusebox {
    /// Whether the client follows a stream, which reports changes of policies.
    var isFollowing: Bool { configuration.mode == .local && !hasStreamBeenRefused.load(ordering: .relaxed) }

    /// How long a policy is valid if no stream reports its changes.
    private static let policyNs: Int64 = 60_000 * nsPerMs

    /// Keeps the policies of this process's breakers up to date, for use while the server is unreachable.
    func keepPolicies() async {
        for await _ in policyRequests.stream {
            var failures = 0
            while !Task.isCancelled, !(await fetchPolicies()) {
                let pauseNs = Reachability.pauseNs(afterFailures: failures, jitter: .random(in: 0...1))
                failures += 1
                guard (try? await clock.sleep(forNs: pauseNs)) != nil else { return }
            }
        }
    }

    /// - Returns: whether the server answered for all breakers.
    private func fetchPolicies() async -> Bool {
        for entry in panel.entries {
            let nowNs = clock.nowNs()
            let (history, wanted, isDue) = entry.state.withLockedValue { state in
                let wanted = state.summary?.policyRevision
                if isFollowing { return (state.history, wanted, wanted != nil && wanted != state.triedPolicyRevision) }
                return (state.history, wanted, state.tally.server != .init() && nowNs >= state.policyDueNs)
            }
            guard isDue else { continue }
            let policy: Policy?
            do {
                policy = try await self.policy(of: entry)
            } catch {
                log(.debug, "policies could not be fetched", ["error": "\(error)"])
                return false
            }
            entry.state.withLockedValue { state in
                guard state.history == history else { return }
                state.triedPolicyRevision = wanted
                state.policyDueNs = nowNs + Self.policyNs
                // The policy is unavailable or unreadable: keep the last known one, and mark it as not current.
                state.policyRevision = policy == nil ? nil : wanted
                state.policy = policy ?? state.policy
            }
        }
        return true
    }

    /// - Returns: `nil` if the policy is unavailable: the breaker is deleted, the token may not read it, or the policy
    ///   is of a later version.
    /// - Throws: if the server is unreachable.
    private func policy(of entry: BreakerEntry) async throws -> Policy? {
        do {
            let holder = try JSONDecoder().decode(PolicyHolder.self, from: try await client.breaker(entry.name))
            return try Policy().applying(holder.policy.values.mapValues { $0.map(PolicyValue.decimal) ?? .null })
        } catch let error as FuseboxError where error.isRefusal {
            log(.debug, "a policy is unavailable", ["breaker": entry.name, "error": "\(error)"])
        } catch let error as DecodingError {
            log(.debug, "a policy cannot be read", ["breaker": entry.name, "error": "\(error)"])
        } catch let error as PolicyError {
            log(.debug, "a policy cannot be read", ["breaker": entry.name, "error": "\(error)"])
        }
        return nil
    }
}

private struct PolicyHolder: Decodable {
    var policy: PolicyFieldsDocument
}
