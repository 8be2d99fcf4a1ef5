extension FixedWidthInteger where Self: UnsignedInteger {
    /// All digits in lower case, so that every value has the same length.
    package var hexadecimal: String {
        let digits = String(self, radix: 16)
        return String(repeating: "0", count: Self.hexadecimalDigits - digits.utf8.count) + digits
    }

    /// - Returns: `nil` where `text` is not written exactly as ``hexadecimal`` writes a value.
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
