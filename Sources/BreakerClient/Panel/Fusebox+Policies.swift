import BreakerCore
import Foundation
import Logging
import NIOConcurrencyHelpers

extension Fusebox {
    /// Keeps the policies of the breakers that this process uses, for the time when the server is away.
    func keepPolicies() async {
        for await _ in policyRequests.stream {
            for entry in panel.entries {
                while !Task.isCancelled, !(await fetchPolicy(of: entry)) {
                    guard (try? await clock.sleep(forNs: Self.policyPauseNs)) != nil else { return }
                }
            }
        }
    }

    private static let policyPauseNs: Int64 = 1_000 * nsPerMs

    /// - Returns: whether nothing is left to fetch.
    private func fetchPolicy(of entry: BreakerEntry) async -> Bool {
        let (wanted, known) = entry.state.withLockedValue { ($0.image?.policyRevision, $0.policyRevision) }
        guard let wanted, wanted != known else { return true }
        do {
            let document = try JSONDecoder().decode(PolicyHolder.self, from: try await client.breaker(entry.name))
            let policy = try Policy().applying(
                document.policy.mapValues { $0.map(PolicyValue.decimal) ?? .null }
            )
            entry.state.withLockedValue { state in
                state.policy = policy
                state.policyRevision = wanted
            }
            return true
        } catch let error as FuseboxError where error.status < 500 {
            // Deleted meanwhile, or not for this token's eyes: not to be asked for again until it changes.
            entry.state.withLockedValue { $0.policyRevision = wanted }
            return true
        } catch {
            logger.debug("a policy could not be fetched", metadata: ["breaker": "\(entry.name)", "error": "\(error)"])
            return false
        }
    }
}

private struct PolicyHolder: Decodable {
    var policy: [String: Double?]
}
