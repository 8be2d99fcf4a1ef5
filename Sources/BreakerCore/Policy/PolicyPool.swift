/// A pool with one instance of each policy, because many breakers have the same policies.
package struct PolicyPool: Sendable {
    private var instances: [Policy: Shared<Policy>] = [:]

    /// The maximum number of shared policies, because operators can set any number of different policies.
    private static let capacity = 1_024

    package init() {}

    /// Makes `breaker` share its policy's instance with the breakers before it.
    package mutating func share(_ breaker: inout Breaker) {
        if let instance = instances[breaker.policy] {
            breaker.sharedPolicy = instance
        } else if instances.count < Self.capacity {
            instances[breaker.policy] = breaker.sharedPolicy
        }
    }
}
