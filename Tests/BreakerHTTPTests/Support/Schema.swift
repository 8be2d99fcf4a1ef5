import BreakerAPI

/// The types of a document's members.
struct Schema {
    struct Member {
        var schema: Schema
        /// Whether the member is always present.
        var isRequired: Bool
    }

    /// `string`, `integer`, `number`, `boolean`, `array`, `object` or `null`.
    var type: String
    var isNullable = false
    /// The members of an object; empty if they are not described.
    var members: [String: Member] = [:]
    /// The schema of an array's elements; empty for other types.
    var items: [Schema] = []

    /// The names of all members, those of nested objects included.
    var names: Set<String> {
        members.values.reduce(into: Set(members.keys).union(items.first?.names ?? [])) { names, member in
            names.formUnion(member.schema.names)
        }
    }

    /// The differences from the schema that `openapi.yaml` has. Only objects whose members both describe are compared.
    func differences(from documented: Schema, at path: String = "") -> [String] {
        var differences: [String] = []
        if type != documented.type || isNullable != documented.isNullable {
            differences.append("\(path) is \(text), and \(documented.text) in openapi.yaml")
        }
        if let item = items.first, let documentedItem = documented.items.first {
            differences += item.differences(from: documentedItem, at: path + "[]")
        }
        guard !members.isEmpty, !documented.members.isEmpty else { return differences }
        for name in Set(members.keys).union(documented.members.keys).sorted() {
            let path = path + "." + name
            guard let member = members[name], let other = documented.members[name] else {
                differences.append("\(path) is only in \(members[name] == nil ? "openapi.yaml" : "the document")")
                continue
            }
            if member.isRequired != other.isRequired {
                differences.append("\(path) is always present only in one of the two")
            }
            differences += member.schema.differences(from: other.schema, at: path)
        }
        return differences
    }

    private var text: String { type + (isNullable ? " or null" : "") }
}

extension Schema {
    /// The schema of a document, from the values that it reads.
    init<D: Document>(of type: D.Type) throws {
        let probe = SchemaProbe(writesNull: D.writesNull)
        _ = try D(from: probe)
        self = probe.schema
    }
}

/// Gives a value to every read, and notes what is read.
private final class SchemaProbe: Decoder, SingleValueDecodingContainer {
    let codingPath: [any CodingKey] = []
    let userInfo: [CodingUserInfoKey: Any] = [:]
    let writesNull: Bool
    var schema = Schema(type: "object")
    /// Members that may have no value.
    var optionals: Set<String> = []

    init(writesNull: Bool) { self.writesNull = writesNull }

    func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
        KeyedDecodingContainer(ObjectProbe<Key>(probe: self))
    }

    func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
        schema.type = "array"
        return ListProbe(probe: self)
    }

    func singleValueContainer() throws -> any SingleValueDecodingContainer { self }

    func decodeNil() -> Bool { false }

    func decode<Value: Decodable>(_ type: Value.Type) throws -> Value {
        let sample: Any
        switch type {
        case is String.Type:
            schema.type = "string"
            // A text that is also an instant.
            sample = "2026-01-01T00:00:00.000Z"
        case is Bool.Type:
            schema.type = "boolean"
            sample = true
        case is Int.Type:
            schema.type = "integer"
            sample = 0
        case is Int64.Type:
            schema.type = "integer"
            sample = Int64(0)
        case is Double.Type:
            schema.type = "number"
            sample = 0.5
        default: return try Value(from: self)
        }
        guard let value = sample as? Value else { preconditionFailure("\(sample) is not a \(type)") }
        return value
    }

    /// Reads a value, and notes its schema.
    func nested<Value: Decodable>(_ type: Value.Type, _ note: (Schema) -> Void) throws -> Value {
        let probe = SchemaProbe(writesNull: writesNull)
        defer { note(probe.schema) }
        return try probe.decode(type)
    }
}

private struct ObjectProbe<Key: CodingKey>: KeyedDecodingContainerProtocol {
    let probe: SchemaProbe
    let codingPath: [any CodingKey] = []
    let allKeys: [Key] = []

    func contains(_ key: Key) -> Bool { true }

    /// Only members that may have no value are compared with `null` first.
    func decodeNil(forKey key: Key) throws -> Bool {
        probe.optionals.insert(key.stringValue)
        return false
    }

    func decode<Value: Decodable>(_ type: Value.Type, forKey key: Key) throws -> Value {
        let name = key.stringValue
        let isOptional = probe.optionals.contains(name)
        return try probe.nested(type) { schema in
            var schema = schema
            schema.isNullable = isOptional && probe.writesNull
            probe.schema.members[name] = Schema.Member(schema: schema, isRequired: !isOptional || probe.writesNull)
        }
    }

    func nestedContainer<NestedKey: CodingKey>(
        keyedBy type: NestedKey.Type,
        forKey key: Key
    ) throws -> KeyedDecodingContainer<NestedKey> {
        unsupported()
    }

    func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer { unsupported() }
    func superDecoder() throws -> any Decoder { unsupported() }
    func superDecoder(forKey key: Key) throws -> any Decoder { unsupported() }
}

/// A list with one element.
private struct ListProbe: UnkeyedDecodingContainer {
    let probe: SchemaProbe
    let codingPath: [any CodingKey] = []
    let count: Int? = 1
    private(set) var currentIndex = 0

    var isAtEnd: Bool { currentIndex == 1 }

    init(probe: SchemaProbe) { self.probe = probe }

    mutating func decodeNil() throws -> Bool { false }

    mutating func decode<Value: Decodable>(_ type: Value.Type) throws -> Value {
        currentIndex += 1
        return try probe.nested(type) { probe.schema.items = [$0] }
    }

    mutating func nestedContainer<NestedKey: CodingKey>(
        keyedBy type: NestedKey.Type
    ) throws -> KeyedDecodingContainer<NestedKey> {
        unsupported()
    }

    mutating func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer { unsupported() }
    mutating func superDecoder() throws -> any Decoder { unsupported() }
}

private func unsupported() -> Never {
    preconditionFailure("a document contains other documents, and no nested containers")
}
