/// Identifies the history that a database holds. It is a random number, which is created with the database and replaced
/// when a backup is restored.
///
/// Revisions of two histories cannot be compared. The text form has 8 lower-case hexadecimal digits.
package struct Epoch: Hashable, Sendable, CustomStringConvertible {
    package let value: UInt32

    package init(_ value: UInt32) {
        self.value = value
    }

    /// - Returns: `nil` if `text` is not exactly in the form of ``description``.
    package init?(_ text: some StringProtocol) {
        guard let value = UInt32(hexadecimal: text) else { return nil }
        self.init(value)
    }

    package static func random() -> Epoch { Epoch(.random(in: .min ... .max)) }

    package var description: String { value.hexadecimal }
}
