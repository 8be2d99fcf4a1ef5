extension FixedWidthInteger where Self: UnsignedInteger {
    /// The value in lower-case hexadecimal digits, with leading zeros, so that the text always has the same length.
    @inlinable
    package var hexadecimal: String {
        let digits = String(self, radix: 16)
        return String(repeating: "0", count: Self.bitWidth / 4 - digits.utf8.count) + digits
    }

    /// - Returns: `nil` if `text` is not exactly in the form of ``hexadecimal``.
    @inlinable
    package init?(hexadecimal text: some StringProtocol) {
        guard text.utf8.count == Self.bitWidth / 4, text.utf8.allSatisfy({ $0.isLowerCaseHexadecimal })
        else { return nil }
        self.init(text, radix: 16)
    }
}

extension Sequence<UInt8> {
    /// The bytes in lower-case hexadecimal digits, two for each.
    package var hexadecimal: String { map(\.hexadecimal).joined() }
}

extension [UInt8] {
    /// Reads bytes of two hexadecimal digits each, in upper or lower case.
    ///
    /// - Returns: `nil` if `text` has any other character, or an odd number of digits.
    package init?(hexadecimal text: some StringProtocol) {
        var bytes: [UInt8] = []
        var digits = text.utf8.makeIterator()
        while let digit = digits.next() {
            guard let high = digit.hexDigitValue, let low = digits.next()?.hexDigitValue else { return nil }
            bytes.append(high << 4 | low)
        }
        self = bytes
    }
}

extension UInt8 {
    /// The value of a hexadecimal digit in ASCII, as in `Character.hexDigitValue`; `nil` for any other byte.
    @inlinable
    package var hexDigitValue: UInt8? {
        switch self {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): self - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): self - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): self - UInt8(ascii: "A") + 10
        default: nil
        }
    }

    @inlinable
    var isLowerCaseHexadecimal: Bool {
        switch self {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"): true
        default: false
        }
    }
}
