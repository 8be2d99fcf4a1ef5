extension FixedWidthInteger where Self: UnsignedInteger {
    /// The value in lower-case hexadecimal digits, with leading zeros, so that the text always has the same length.
    package var hexadecimal: String {
        let digits = String(self, radix: 16)
        return String(repeating: "0", count: Self.hexadecimalDigits - digits.utf8.count) + digits
    }

    /// - Returns: `nil` if `text` is not exactly in the form of ``hexadecimal``.
    package init?(hexadecimal text: some StringProtocol) {
        guard text.utf8.count == Self.hexadecimalDigits, text.utf8.allSatisfy(\.isLowerCaseHexadecimal) else {
            return nil
        }
        self.init(text, radix: 16)
    }

    private static var hexadecimalDigits: Int { bitWidth / 4 }
}

extension UInt8 {
    fileprivate var isLowerCaseHexadecimal: Bool {
        switch self {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"): true
        default: false
        }
    }
}
