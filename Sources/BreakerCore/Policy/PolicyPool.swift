/// One instance of each policy, for many breakers have the same few.
package struct PolicyPool: Sendable {
    private var instances: [Policy: Shared<Policy>] = [:]

    /// How many policies are shared. Policies that operators set one by one would fill the pool for ever.
    private static let capacity = 1_024

    package init() {}

    /// Lets `breaker` share the instance of its policy with those before it.
    package mutating func share(_ breaker: inout Breaker) {
        if let instance = instances[breaker.policy] {
            breaker.sharedPolicy = instance
        } else if instances.count < Self.capacity {
            instances[breaker.policy] = breaker.sharedPolicy
        }
    }
}
