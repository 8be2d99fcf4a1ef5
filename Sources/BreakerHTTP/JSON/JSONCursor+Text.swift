import BreakerCore

extension JSONCursor {
    /// The position of a text in a document. The text is valid UTF-8 with valid escapes.
    struct Text {
        /// The bytes between the quotation marks.
        fileprivate var range: Range<Int>
        fileprivate var hasEscapes: Bool

        func string(in bytes: [UInt8]) -> String {
            hasEscapes ? unescaped(in: bytes) : String(decoding: bytes[range], as: UTF8.self)
        }

        /// Calls `body` with the text's bytes, whose escapes are resolved.
        func withBytes<Result>(in bytes: [UInt8], _ body: (UnsafeBufferPointer<UInt8>) -> Result) -> Result {
            if hasEscapes {
                var text = unescaped(in: bytes)
                return text.withUTF8(body)
            }
            return bytes.withUnsafeBufferPointer { body(UnsafeBufferPointer(rebasing: $0[range])) }
        }

        private func unescaped(in bytes: [UInt8]) -> String {
            var cursor = JSONCursor(bytes, at: range.lowerBound)
            var text: [UInt8] = []
            while cursor.position < range.upperBound {
                if bytes[cursor.position] == UInt8(ascii: "\\") {
                    guard let scalar = try? cursor.escape() else {
                        preconditionFailure("the escape before byte \(cursor.position) was sound and is not")
                    }
                    text.append(contentsOf: UTF8.encode(scalar)!)
                } else {
                    text.append(bytes[cursor.position])
                    cursor.position += 1
                }
            }
            return String(decoding: text, as: UTF8.self)
        }
    }

    /// Reads a text. The cursor must be at its opening quotation mark.
    mutating func text() throws(Failure) -> Text {
        position += 1
        let start = position
        var hasEscapes = false
        var isASCII = true
        var hasWideEscapes = false
        while true {
            if !passPlain() { isASCII = false }
            switch peek {
            case UInt8(ascii: "\""):
                let range = start..<position
                position += 1
                // Escapes are whole code points in ASCII: they do not affect whether the bytes around them are UTF-8.
                guard isASCII || isUTF8(range) else { throw failure("the string is not UTF-8") }
                let text = Text(range: range, hasEscapes: hasEscapes)
                if isASCII, !hasWideEscapes { return text }
                guard text.withBytes(in: bytes, { StreamSafety.holds($0) }) else {
                    throw failure("a string may have at most \(StreamSafety.maximumMarks) combining marks in a row")
                }
                return text
            case UInt8(ascii: "\\"):
                hasEscapes = true
                if try !escape().isASCII { hasWideEscapes = true }
            case nil: throw failure("the string does not end")
            default: throw failure("a control character must be escaped")
            }
        }
    }

    /// Steps over the bytes of a text that represent themselves. Most bytes of a document do, so this loop is most of
    /// the cost of reading.
    ///
    /// - Returns: whether all these bytes are ASCII.
    private mutating func passPlain() -> Bool {
        let (end, bits) = bytes.withUnsafeBufferPointer { [position] bytes in
            var index = position
            var bits: UInt8 = 0
            while index < bytes.count {
                let byte = bytes[index]
                if byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { break }
                bits |= byte
                index += 1
            }
            return (index, bits)
        }
        position = end
        return bits < 0x80
    }

    private func isUTF8(_ range: Range<Int>) -> Bool {
        var parser = UTF8.ForwardParser()
        var units = bytes[range].makeIterator()
        while true {
            switch parser.parseScalar(from: &units) {
            case .valid: continue
            case .emptyInput: return true
            case .error: return false
            }
        }
    }

    private mutating func escape() throws(Failure) -> Unicode.Scalar {
        position += 1
        guard let byte = peek else { throw failure("the string does not end") }
        position += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(byte)
        case UInt8(ascii: "b"): return "\u{8}"
        case UInt8(ascii: "f"): return "\u{c}"
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "u"): return try scalar()
        default: throw failure("the escape is invalid")
        }
    }

    /// A code point written as one or, beyond the basic plane, two groups of four hexadecimal digits.
    private mutating func scalar() throws(Failure) -> Unicode.Scalar {
        let first = try codeUnit()
        var code = UInt32(first)
        if UTF16.isLeadSurrogate(first) {
            guard take("\\"), take("u") else { throw failure("half of a surrogate pair is missing") }
            let second = try codeUnit()
            guard UTF16.isTrailSurrogate(second) else { throw failure("half of a surrogate pair is missing") }
            code = 0x10000 + (UInt32(first) - 0xd800) << 10 + (UInt32(second) - 0xdc00)
        }
        guard let scalar = Unicode.Scalar(code) else { throw failure("half of a surrogate pair is missing") }
        return scalar
    }

    private mutating func codeUnit() throws(Failure) -> UInt16 {
        var unit: UInt16 = 0
        for offset in 0..<4 {
            guard position + offset < bytes.count, let digit = bytes[position + offset].hexDigitValue else {
                throw failure("four hexadecimal digits are expected")
            }
            unit = unit << 4 | UInt16(digit)
        }
        position += 4
        return unit
    }
}

/// A check that keeps text from clients cheap to compare.
///
/// Swift compares and hashes strings in their normal form. For that it sorts the combining marks that follow a letter,
/// in time that grows with the square of their number: some minutes for a body of 4 MiB. Text in Unicode's stream-safe
/// format (UAX #15, section 13) has few of them in a row, and no text that people read has more.
enum StreamSafety {
    /// The maximum number of combining marks in a row.
    static let maximumMarks = 30

    /// - Parameter bytes: UTF-8.
    static func holds(_ bytes: some Collection<UInt8>) -> Bool {
        guard bytes.contains(where: { $0 >= 0x80 }) else { return true }
        var marks = 0
        for scalar in String(decoding: bytes, as: UTF8.self).unicodeScalars {
            marks = scalar.isMark ? marks + 1 : 0
            if marks > maximumMarks { return false }
        }
        return true
    }
}

extension Unicode.Scalar {
    fileprivate var isMark: Bool {
        switch properties.generalCategory {
        case .nonspacingMark, .spacingMark, .enclosingMark: true
        default: false
        }
    }
}
