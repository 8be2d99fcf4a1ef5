package import BreakerStorage

/// Whether the store accepts writes.
package enum StorageHealth: Hashable, Sendable {
    case ok
    case failing(StoreError)

    /// - Returns: whether the store worked before.
    mutating func fail(_ error: StoreError) -> Bool {
        defer { self = .failing(error) }
        return self == .ok
    }

    /// - Returns: whether the store failed before.
    mutating func recover() -> Bool {
        defer { self = .ok }
        return self != .ok
    }

    package var isFailing: Bool { self != .ok }
}
