/// What an allowed acquire hands out and the report of the call carries back.
///
/// Written `<generation>` while closed and `<generation>-<lease>` for a probe, the lease in 16 lower-case
/// hexadecimal digits.
package struct Permit: Hashable, Sendable, CustomStringConvertible {
    /// The generation in which the permit was granted.
    package let generation: Int64
    /// The lease of a probe; `nil` for a permit of a closed breaker.
    package let lease: UInt64?

    package init(generation: Int64, lease: UInt64? = nil) {
        self.generation = generation
        self.lease = lease
    }

    /// - Returns: `nil` where `text` is not written exactly as ``description`` writes a permit.
    package init?(_ text: some StringProtocol) {
        let parts = text.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
        guard let generation = Int64(parts[0]), generation > 0, parts[0].utf8.first != UInt8(ascii: "+"),
            parts[0].utf8.first != UInt8(ascii: "0")
        else { return nil }
        guard parts.count == 2 else {
            self.init(generation: generation)
            return
        }
        guard parts[1].utf8.count == Self.leaseDigits, parts[1].utf8.allSatisfy(Self.isLowerCaseHex),
            let lease = UInt64(parts[1], radix: 16)
        else { return nil }
        self.init(generation: generation, lease: lease)
    }

    package var description: String {
        guard let lease else { return String(generation) }
        let digits = String(lease, radix: 16)
        return "\(generation)-" + String(repeating: "0", count: Self.leaseDigits - digits.utf8.count) + digits
    }

    private static let leaseDigits = 16

    private static func isLowerCaseHex(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"): true
        default: false
        }
    }
}
