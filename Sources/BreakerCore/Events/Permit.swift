/// A permit for one call. An allowed acquire returns it, and the report of the call carries it back.
///
/// The text form is `<generation>` while closed and `<generation>-<lease>` for a probe, with the lease in 16 lower-case
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

    /// - Returns: `nil` if `text` is not exactly in the form of ``description``.
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
