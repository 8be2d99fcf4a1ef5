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
