package import BreakerStorage

/// Whether the store takes what it is given.
package enum StorageHealth: Hashable, Sendable {
    case ok
    case failing(StoreError)

    /// - Returns: whether this is news.
    mutating func fail(_ error: StoreError) -> Bool {
        defer { self = .failing(error) }
        return self == .ok
    }

    /// - Returns: whether this is news.
    mutating func recover() -> Bool {
        defer { self = .ok }
        return self != .ok
    }

    package var isFailing: Bool { self != .ok }
}
