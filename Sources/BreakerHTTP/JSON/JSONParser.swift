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
