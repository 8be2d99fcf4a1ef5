extension JSONCursor {
    /// Any integer of at most this many digits fits into an `Int64`.
    private static let digitsOfAnyInteger = 18

    /// The number that `text` is in JSON's notation; `nil` for any other text, and beyond a double's range.
    static func number(_ text: String) -> Double? {
        var cursor = JSONCursor(Array(text.utf8))
        guard let value = try? cursor.number(), cursor.peek == nil else { return nil }
        switch value {
        case .integer(let value): return Double(value)
        case .decimal(let value): return value
        case .null, .bool, .text, .list, .object: return nil
        }
    }

    mutating func number() throws(Failure) -> Value {
        let start = position
        let isNegative = take("-")
        let isZero = peek == UInt8(ascii: "0")
        let whole = try digits()
        guard !isZero || whole.count == 1 else { throw failure("a number must not begin with 0") }
        var isInteger = true
        if take(".") {
            isInteger = false
            _ = try digits()
        }
        if take("e") || take("E") {
            isInteger = false
            if !take("+") { _ = take("-") }
            _ = try digits()
        }
        if isInteger, whole.count <= Self.digitsOfAnyInteger {
            let value = bytes[whole].reduce(0) { $0 * 10 + Int64($1 - UInt8(ascii: "0")) }
            return .integer(isNegative ? -value : value)
        }
        let text = String(decoding: bytes[start..<position], as: UTF8.self)
        if isInteger, let value = Int64(text) { return .integer(value) }
        guard let value = Double(text), value.isFinite else { throw failure("the number \(text) is too large") }
        return .decimal(value)
    }

    private mutating func digits() throws(Failure) -> Range<Int> {
        let start = position
        while let byte = peek, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) { position += 1 }
        guard position > start else { throw failure("a digit is expected") }
        return start..<position
    }
}
