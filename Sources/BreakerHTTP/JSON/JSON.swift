import BreakerAPI

/// A JSON value (RFC 8259) of a request. Objects keep the order of their members.
indirect enum JSON: Hashable, Sendable {
    case null
    case bool(Bool)
    case integer(Int64)
    case decimal(Double)
    case string(String)
    case array([JSON])
    case object([Member])

    struct Member: Hashable, Sendable {
        var key: String
        var value: JSON
    }
}

extension JSON: ExpressibleByDictionaryLiteral, ExpressibleByStringLiteral, ExpressibleByBooleanLiteral {
    init(dictionaryLiteral members: (String, JSON)...) {
        self = .object(members.map { Member(key: $0.0, value: $0.1) })
    }

    init(stringLiteral value: String) { self = .string(value) }
    init(booleanLiteral value: Bool) { self = .bool(value) }
}

extension JSON {
    /// The value of a member; `nil` where the object has no member of that name, and for a value that is not an object.
    subscript(key: String) -> JSON? {
        guard case .object(let members) = self else { return nil }
        return members.first { $0.key == key }?.value
    }

    /// The kind of the value, for an error message.
    var kindInWords: String {
        switch self {
        case .null: "null"
        case .bool: "a boolean"
        case .integer, .decimal: "a number"
        case .string: "a string"
        case .array: "an array"
        case .object: "an object"
        }
    }

    /// Parses a request's body.
    init(body: [UInt8]) throws(Problem) {
        do throws(JSONCursor.Failure) {
            self = try JSONParser.parse(body)
        } catch {
            throw Problem(error)
        }
    }

    /// Parses a request's body, an object with no members except `known`: a misspelt member would make an order that
    /// the operator did not give.
    init(body: [UInt8], members known: Set<String>) throws(Problem) {
        try self.init(body: body)
        try require(members: known)
    }

    /// Checks that the value is an object with no members except `known`.
    ///
    /// - Parameter path: the prefix of a field's name in an error: `breakers.payments.`, or empty for the body.
    func require(members known: Set<String>, at path: String = "") throws(Problem) {
        guard case .object(let members) = self else {
            throw .invalid(path.isEmpty ? "body" : String(path.dropLast()), "must be an object, not \(kindInWords)")
        }
        let unknown = members.map(\.key).filter { !known.contains($0) }
        guard unknown.isEmpty else {
            throw .invalid(unknown.map { Problem.Fault(field: path + $0, detail: "is unknown") })
        }
    }
}

extension Problem {
    /// The problem of a request's body that is not a JSON document.
    init(_ failure: JSONCursor.Failure) {
        self = .invalid("body", "is not JSON: \(failure.detail) (at byte \(failure.offset))")
    }
}

/// Parses one JSON document into a tree.
///
/// Foundation's decoder keeps neither the order of members nor repeated members. It also cannot report which field of a
/// document has the wrong type unless it is given the type of each.
struct JSONParser {
    private var cursor: JSONCursor

    static func parse(_ bytes: some Collection<UInt8>) throws(JSONCursor.Failure) -> JSON {
        var parser = JSONParser(cursor: JSONCursor(Array(bytes)))
        parser.cursor.skipSpace()
        let value = try parser.value(depth: 0)
        try parser.cursor.end()
        return value
    }

    private mutating func value(depth: Int) throws(JSONCursor.Failure) -> JSON {
        if try cursor.enter("{", depth: depth) { return .object(try members(depth: depth + 1)) }
        if try cursor.enter("[", depth: depth) { return .array(try elements(depth: depth + 1)) }
        switch try cursor.value(depth: depth) {
        case .null: return .null
        case .bool(let value): return .bool(value)
        case .integer(let value): return .integer(value)
        case .decimal(let value): return .decimal(value)
        case .text(let text): return .string(text.string(in: cursor.bytes))
        case .list, .object: preconditionFailure("what was not entered was passed over at byte \(cursor.position)")
        }
    }

    private mutating func members(depth: Int) throws(JSONCursor.Failure) -> [JSON.Member] {
        var known = JSONCursor.Members<JSONCursor.NoName>()
        var members: [JSON.Member] = []
        while case .unknown(let key) = try cursor.nextMember(of: &known) {
            members.append(JSON.Member(key: key.string(in: cursor.bytes), value: try value(depth: depth)))
        }
        return members
    }

    private mutating func elements(depth: Int) throws(JSONCursor.Failure) -> [JSON] {
        var elements: [JSON] = []
        while try cursor.nextElement(isFirst: elements.isEmpty) { elements.append(try value(depth: depth)) }
        return elements
    }
}
