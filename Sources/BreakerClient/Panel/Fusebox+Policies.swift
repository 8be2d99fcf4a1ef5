import BreakerCore
import Foundation
import Logging
import NIOConcurrencyHelpers

extension Fusebox {
    /// Keeps the policies of the breakers that this process uses, for the time when the server is away.
    func keepPolicies() async {
        var random = SystemRandomNumberGenerator()
        for await _ in policyRequests.stream {
            var failures = 0
            while !Task.isCancelled, !(await fetchPolicies()) {
                let pauseNs = Reachability.pauseNs(afterFailures: failures, random: &random)
                failures += 1
                guard (try? await clock.sleep(forNs: pauseNs)) != nil else { return }
            }
        }
    }

    /// - Returns: whether the server answered for all.
    private func fetchPolicies() async -> Bool {
        for entry in panel.entries {
            let (wanted, tried) = entry.state.withLockedValue { ($0.image?.policyRevision, $0.triedPolicyRevision) }
            guard let wanted, wanted != tried else { continue }
            let policy: Policy?
            do {
                policy = try await self.policy(of: entry)
            } catch {
                logger.debug("policies could not be fetched", metadata: ["error": "\(error)"])
                return false
            }
            entry.state.withLockedValue { state in
                state.triedPolicyRevision = wanted
                // Not to be had, or not to be read: the last known is the best there is, and known not to be the present.
                state.policyRevision = policy == nil ? nil : wanted
                state.policy = policy ?? state.policy
            }
        }
        return true
    }

    /// - Returns: `nil` where it is not to be had: deleted meanwhile, not for this token's eyes, or of a later version.
    /// - Throws: where the server is away.
    private func policy(of entry: BreakerEntry) async throws -> Policy? {
        do {
            let holder = try JSONDecoder().decode(PolicyHolder.self, from: try await client.breaker(entry.name))
            return try Policy().applying(holder.policy.mapValues { $0.map(PolicyValue.decimal) ?? .null })
        } catch let error as FuseboxError where error.isRefusal {
            logger.debug("a policy is not to be had", metadata: ["breaker": "\(entry.name)", "error": "\(error)"])
        } catch let error as DecodingError {
            logger.debug("a policy cannot be read", metadata: ["breaker": "\(entry.name)", "error": "\(error)"])
        } catch let error as PolicyError {
            logger.debug("a policy cannot be read", metadata: ["breaker": "\(entry.name)", "error": "\(error)"])
        }
        return nil
    }
}

private struct PolicyHolder: Decodable {
    var policy: [String: Double?]
}
