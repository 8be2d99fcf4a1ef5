/// Reads one JSON document (RFC 8259) strictly: no repeated members, no numbers beyond a double's range, bounded depth
/// and number of values.
///
/// The cursor builds no tree. It is for documents that are so frequent that a tree of ``JSON`` would cost too much;
/// ``JSONParser`` makes that tree for all others.
struct JSONCursor {
    struct Failure: Error, Hashable {
        /// A description of the error.
        var detail: String
        /// The position of the error, in bytes from the beginning.
        var offset: Int
    }

    /// A value. A list or an object is given without its contents.
    enum Value {
        case null
        case bool(Bool)
        case integer(Int64)
        case decimal(Double)
        case text(Text)
        case list
        case object
    }

    let bytes: [UInt8]
    var position: Int
    private var values = 0

    init(_ bytes: [UInt8], at position: Int = 0) {
        self.bytes = bytes
        self.position = position
    }

    // MARK: Bytes

    var peek: UInt8? { position < bytes.count ? bytes[position] : nil }

    func failure(_ detail: String) -> Failure {
        Failure(detail: detail, offset: position)
    }

    mutating func skipSpace() {
        while position < bytes.count {
            switch bytes[position] {
            case 0x20, 0x09, 0x0a, 0x0d: position += 1
            default: return
            }
        }
    }

    mutating func take(_ expected: Unicode.Scalar) -> Bool {
        guard peek == UInt8(ascii: expected) else { return false }
        position += 1
        return true
    }

    private mutating func take(word: StaticString) -> Bool {
        let count = word.utf8CodeUnitCount
        guard position + count <= bytes.count else { return false }
        for offset in 0..<count where bytes[position + offset] != word.utf8Start[offset] { return false }
        position += count
        return true
    }

    /// Checks that only white space is left.
    mutating func end() throws(Failure) {
        skipSpace()
        guard peek == nil else { throw failure("the document ends here, but more data follows") }
    }

    // MARK: Values

    /// Reads a value and everything in it.
    ///
    /// - Parameter depth: the number of lists and objects that contain the value.
    mutating func value(depth: Int) throws(Failure) -> Value {
        try count(depth: depth)
        guard let byte = peek else { throw failure("the document ends too early") }
        switch byte {
        case UInt8(ascii: "\""): return .text(try text())
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try number()
        case UInt8(ascii: "{"):
            position += 1
            try passObject(depth: depth)
            return .object
        case UInt8(ascii: "["):
            position += 1
            try passList(depth: depth)
            return .list
        case UInt8(ascii: "t") where take(word: "true"): return .bool(true)
        case UInt8(ascii: "f") where take(word: "false"): return .bool(false)
        case UInt8(ascii: "n") where take(word: "null"): return .null
        default: throw failure("a value is expected")
        }
    }

    /// Steps into a list or an object.
    ///
    /// - Parameter opening: the bracket that it begins with.
    /// - Returns: `false` where the next value is of another kind; the cursor then does not move.
    mutating func enter(_ opening: Unicode.Scalar, depth: Int) throws(Failure) -> Bool {
        guard peek == UInt8(ascii: opening) else { return false }
        try count(depth: depth)
        position += 1
        return true
    }

    private mutating func count(depth: Int) throws(Failure) {
        guard depth < HTTPLimits.jsonDepth else { throw failure("the document is nested too deep") }
        values += 1
        guard values <= HTTPLimits.jsonValues else { throw failure("the document has too many values") }
    }

    /// Steps to the next element of a list, or past the end of the list.
    ///
    /// - Parameter isFirst: whether no element has been read yet.
    /// - Returns: `false` at the end of the list.
    mutating func nextElement(isFirst: Bool) throws(Failure) -> Bool {
        skipSpace()
        if take("]") { return false }
        if !isFirst {
            guard take(",") else { throw failure("a comma or the end of the array is expected") }
            skipSpace()
        }
        return true
    }

    private mutating func passList(depth: Int) throws(Failure) {
        var isFirst = true
        while try nextElement(isFirst: isFirst) {
            isFirst = false
            _ = try value(depth: depth + 1)
        }
    }

    private mutating func passObject(depth: Int) throws(Failure) {
        var members = Members<NoName>()
        while case .unknown = try nextMember(of: &members) { _ = try value(depth: depth + 1) }
    }
}

extension JSONCursor.Value {
    /// The kind of the value, for an error message.
    var kindInWords: String {
        switch self {
        case .null: JSON.null.kindInWords
        case .bool(let value): JSON.bool(value).kindInWords
        case .integer(let value): JSON.integer(value).kindInWords
        case .decimal(let value): JSON.decimal(value).kindInWords
        case .text: JSON.string("").kindInWords
        case .list: JSON.array([]).kindInWords
        case .object: JSON.object([]).kindInWords
        }
    }
}

/// The names of members that a reader knows, each with a number from 0 to 63.
protocol MemberName: RawRepresentable<Int> {
    /// - Returns: `nil` for a name that the reader does not know.
    init?(_ key: UnsafeBufferPointer<UInt8>)
}

extension JSONCursor {
    /// The empty set of names: the reader knows no member.
    enum NoName: Int, MemberName {
        case none

        init?(_ key: UnsafeBufferPointer<UInt8>) { nil }
    }

    enum Member<Name: MemberName> {
        case known(Name)
        case unknown(Text)
        /// The object has no more members.
        case end
    }

    /// The names that have occurred in one object so far. Known names are bits, and need no string.
    struct Members<Name: MemberName> {
        fileprivate var isEmpty = true
        private var known: UInt64 = 0
        /// Strings, so that two spellings of one name count as one, as they do for a reader of the tree.
        private var others: Set<String> = []

        /// - Returns: `false` where the object has the name already.
        fileprivate mutating func insert(_ name: Name) -> Bool {
            let bit: UInt64 = 1 << name.rawValue
            defer { known |= bit }
            return known & bit == 0
        }

        fileprivate mutating func insert(other name: String) -> Bool { others.insert(name).inserted }
    }

    /// Steps to the value of an object's next member, or past the end of the object.
    mutating func nextMember<Name>(of members: inout Members<Name>) throws(Failure) -> Member<Name> {
        skipSpace()
        if take("}") { return .end }
        if members.isEmpty {
            members.isEmpty = false
        } else {
            guard take(",") else { throw failure("a comma or the end of the object is expected") }
            skipSpace()
        }
        guard peek == UInt8(ascii: "\"") else { throw failure("a member's name is expected") }
        let key = try text()
        let name: Name? = key.withBytes(in: bytes) { Name($0) }
        guard name.map({ members.insert($0) }) ?? members.insert(other: key.string(in: bytes)) else {
            throw failure("the member \"\(key.string(in: bytes))\" is repeated")
        }
        skipSpace()
        guard take(":") else { throw failure("a colon is expected") }
        skipSpace()
        return name.map { .known($0) } ?? .unknown(key)
    }

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
