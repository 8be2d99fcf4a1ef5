/// The name of a breaker: 1 to 128 characters of `A-Z a-z 0-9 . _ : -`, starting with a letter or digit.
/// Case-sensitive; ordered by bytes.
package struct BreakerName: Hashable, Comparable, Sendable, CustomStringConvertible {
    package static let maximumLength = 128

    package let value: String

    /// - Returns: `nil` if `value` is not a valid name.
    package init?(_ value: String) {
        let bytes = value.utf8
        guard let first = bytes.first, Self.isAlphanumeric(first) else { return nil }
        guard bytes.count <= Self.maximumLength, bytes.allSatisfy(Self.isNameByte) else { return nil }
        self.value = value
    }

    package var description: String { value }

    package static func < (left: BreakerName, right: BreakerName) -> Bool {
        left.value < right.value
    }

    /// Whether `byte` is allowed in a name after the first character.
    package static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: ":"), UInt8(ascii: "-"): true
        default: isAlphanumeric(byte)
        }
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: false
        }
    }
}
