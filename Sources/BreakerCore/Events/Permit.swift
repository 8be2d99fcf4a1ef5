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
    package init?(_ text: String) {
        let bytes = text.utf8
        let dash = bytes.firstIndex(of: UInt8(ascii: "-")) ?? bytes.endIndex
        guard let first = bytes.first, (UInt8(ascii: "1")...UInt8(ascii: "9")).contains(first),
            let generation = Int64(text[..<dash])
        else { return nil }
        guard dash < bytes.endIndex else {
            self.init(generation: generation)
            return
        }
        guard let lease = UInt64(hexadecimal: text[bytes.index(after: dash)...]) else { return nil }
        self.init(generation: generation, lease: lease)
    }

    package var description: String {
        lease.map { "\(generation)-\($0.hexadecimal)" } ?? String(generation)
    }
}
