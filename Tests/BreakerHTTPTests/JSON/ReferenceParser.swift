@testable import BreakerHTTP

/// Parses one JSON document (RFC 8259) by recursive descent, strictly: no repeated member, no number beyond a double's
/// range, bounded depth and number of values. An independent implementation of the grammar, to compare ``JSONCursor``
/// with.
struct ReferenceParser {
    typealias Failure = JSONCursor.Failure

    private let bytes: ArraySlice<UInt8>
    private var position: Int
    private var values = 0

    private init(_ bytes: ArraySlice<UInt8>) {
        self.bytes = bytes
        position = bytes.startIndex
    }

    static func parse(_ bytes: some Collection<UInt8>) throws(Failure) -> JSON {
        var parser = ReferenceParser(ArraySlice(bytes))
        parser.skipSpace()
        let value = try parser.value(depth: 0)
        parser.skipSpace()
        guard parser.peek == nil else { throw parser.failure("the document ends here, but more data follows") }
        return value
    }

    // MARK: Bytes

    private var peek: UInt8? { position < bytes.endIndex ? bytes[position] : nil }

    private func failure(_ detail: String) -> Failure {
        Failure(detail: detail, offset: position - bytes.startIndex)
    }

    private mutating func skipSpace() {
        while let byte = peek, byte == 0x20 || (0x09...0x0d).contains(byte) && byte != 0x0b && byte != 0x0c {
            position += 1
        }
    }

    private mutating func take(_ expected: Unicode.Scalar) -> Bool {
        guard peek == UInt8(ascii: expected) else { return false }
        position += 1
        return true
    }

    private mutating func take(word: StaticString) -> Bool {
        let count = word.utf8CodeUnitCount
        guard position + count <= bytes.endIndex else { return false }
        for offset in 0..<count where bytes[position + offset] != word.utf8Start[offset] { return false }
        position += count
        return true
    }

    // MARK: Values

    private mutating func value(depth: Int) throws(Failure) -> JSON {
        guard depth < HTTPLimits.jsonDepth else { throw failure("the document is nested too deep") }
        values += 1
        guard values <= HTTPLimits.jsonValues else { throw failure("the document has too many values") }
        guard let byte = peek else { throw failure("the document ends too early") }
        switch byte {
        case UInt8(ascii: "{"): return try object(depth: depth)
        case UInt8(ascii: "["): return try array(depth: depth)
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t") where take(word: "true"): return .bool(true)
        case UInt8(ascii: "f") where take(word: "false"): return .bool(false)
        case UInt8(ascii: "n") where take(word: "null"): return .null
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try number()
        default: throw failure("a value is expected")
        }
    }

    private mutating func object(depth: Int) throws(Failure) -> JSON {
        position += 1
        var members: [JSON.Member] = []
        var keys: Set<String> = []
        skipSpace()
        if take("}") { return .object([]) }
        while true {
            skipSpace()
            guard peek == UInt8(ascii: "\"") else { throw failure("a member's name is expected") }
            let key = try string()
            guard keys.insert(key).inserted else { throw failure("the member \"\(key)\" is repeated") }
            skipSpace()
            guard take(":") else { throw failure("a colon is expected") }
            skipSpace()
            members.append(JSON.Member(key: key, value: try value(depth: depth + 1)))
            skipSpace()
            if take("}") { return .object(members) }
            guard take(",") else { throw failure("a comma or the end of the object is expected") }
        }
    }

    private mutating func array(depth: Int) throws(Failure) -> JSON {
        position += 1
        var values: [JSON] = []
        skipSpace()
        if take("]") { return .array([]) }
        while true {
            skipSpace()
            values.append(try value(depth: depth + 1))
            skipSpace()
            if take("]") { return .array(values) }
            guard take(",") else { throw failure("a comma or the end of the array is expected") }
        }
    }

    private mutating func number() throws(Failure) -> JSON {
        let start = position
        _ = take("-")
        let isZero = peek == UInt8(ascii: "0")
        let whole = try digits()
        guard !isZero || whole == 1 else { throw failure("a number must not begin with 0") }
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
        let text = String(decoding: bytes[start..<position], as: UTF8.self)
        if isInteger, let value = Int64(text) { return .integer(value) }
        guard let value = Double(text), value.isFinite else { throw failure("the number \(text) is too large") }
        return .decimal(value)
    }

    /// - Returns: the number of digits.
    private mutating func digits() throws(Failure) -> Int {
        let start = position
        while let byte = peek, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) { position += 1 }
        guard position > start else { throw failure("a digit is expected") }
        return position - start
    }
}

// MARK: Strings

extension ReferenceParser {
    private mutating func string() throws(Failure) -> String {
        position += 1
        var text: [UInt8] = []
        while let byte = peek {
            switch byte {
            case UInt8(ascii: "\""):
                position += 1
                guard let string = String(validating: text, as: UTF8.self) else {
                    throw failure("the string is not UTF-8")
                }
                return string
            case UInt8(ascii: "\\"): try escape(into: &text)
            case 0..<0x20: throw failure("a control character must be escaped")
            default:
                text.append(byte)
                position += 1
            }
        }
        throw failure("the string does not end")
    }

    private mutating func escape(into text: inout [UInt8]) throws(Failure) {
        position += 1
        guard let byte = peek else { throw failure("the string does not end") }
        position += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(byte)
        case UInt8(ascii: "b"): text.append(0x08)
        case UInt8(ascii: "f"): text.append(0x0c)
        case UInt8(ascii: "n"): text.append(0x0a)
        case UInt8(ascii: "r"): text.append(0x0d)
        case UInt8(ascii: "t"): text.append(0x09)
        case UInt8(ascii: "u"): text.append(contentsOf: Array(String(try scalar()).utf8))
        default: throw failure("the escape is invalid")
        }
    }

    /// A code point written as one or, beyond the basic plane, two groups of four hexadecimal digits.
    private mutating func scalar() throws(Failure) -> Character {
        let first = try codeUnit()
        var code = UInt32(first)
        if UTF16.isLeadSurrogate(first) {
            guard take("\\"), take("u") else { throw failure("half of a surrogate pair is missing") }
            let second = try codeUnit()
            guard UTF16.isTrailSurrogate(second) else { throw failure("half of a surrogate pair is missing") }
            code = 0x10000 + (UInt32(first) - 0xd800) << 10 + (UInt32(second) - 0xdc00)
        }
        guard let scalar = Unicode.Scalar(code) else { throw failure("half of a surrogate pair is missing") }
        return Character(scalar)
    }

    private mutating func codeUnit() throws(Failure) -> UInt16 {
        let end = position + 4
        guard end <= bytes.endIndex,
            bytes[position..<end].allSatisfy({ Character(Unicode.Scalar($0)).isHexDigit }),
            let unit = UInt16(String(decoding: bytes[position..<end], as: UTF8.self), radix: 16)
        else { throw failure("four hexadecimal digits are expected") }
        position = end
        return unit
    }
}
