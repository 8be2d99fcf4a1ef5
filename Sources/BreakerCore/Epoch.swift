/// Which history a database holds: random, made with the database, and made anew when a backup is restored.
///
/// Revisions of two histories cannot be compared. Written as 8 lower-case hexadecimal digits.
package struct Epoch: Hashable, Sendable, CustomStringConvertible {
    package let value: UInt32

    package init(_ value: UInt32) {
        self.value = value
    }

    /// - Returns: `nil` where `text` is not written exactly as ``description`` writes an epoch.
    package init?(_ text: some StringProtocol) {
        guard let value = UInt32(hexadecimal: text) else { return nil }
        self.init(value)
    }

    package static func random() -> Epoch { Epoch(.random(in: .min ... .max)) }

    package var description: String { value.hexadecimal }
}
