/// A reference to one value that several owners share. It saves memory for a value that is large and often equal, or
/// that is seldom present.
package final class Shared<Value: Hashable & Sendable>: Hashable, Sendable {
    package let value: Value

    package init(_ value: Value) {
        self.value = value
    }

    package static func == (left: Shared, right: Shared) -> Bool { left === right || left.value == right.value }

    package func hash(into hasher: inout Hasher) { hasher.combine(value) }
}

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
