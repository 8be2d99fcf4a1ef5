/// A list of numbers, encoded as bytes of seven bits each, the least significant first (unsigned LEB128, DWARF 5,
/// section 7.6).
struct Bytes {
    private(set) var array: [UInt8] = []

    mutating func append(_ number: UInt64) {
        var rest = number
        while rest > 0x7f {
            array.append(UInt8(rest & 0x7f) | 0x80)
            rest >>= 7
        }
        array.append(UInt8(rest))
    }

    struct Reader {
        private var rest: ArraySlice<UInt8>

        init(_ array: [UInt8]) {
            rest = array[...]
        }

        var isAtEnd: Bool { rest.isEmpty }

        /// - Returns: `nil` at the end, for a truncated number, and for a number of more than 64 bits.
        mutating func next() -> UInt64? {
            var number: UInt64 = 0
            var shift: UInt64 = 0
            while let byte = rest.popFirst() {
                let bits = UInt64(byte & 0x7f)
                guard shift < 64, (bits << shift) >> shift == bits else { return nil }
                number |= bits << shift
                if byte & 0x80 == 0 { return number }
                shift += 7
            }
            return nil
        }
    }
}
