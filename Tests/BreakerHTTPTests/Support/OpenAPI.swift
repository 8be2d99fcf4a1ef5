import Foundation
import Testing
import Yams

/// `openapi.yaml`.
enum OpenAPI {
    nonisolated(unsafe) private static let parsed: Result<[String: Any], any Error> = Result {
        let text = try String(contentsOf: Repository.file("openapi.yaml"), encoding: .utf8)
        return try #require(try Yams.load(yaml: text) as? [String: Any])
    }

    static func document() throws -> [String: Any] { try parsed.get() }

    static func map(_ value: Any?, _ key: String) throws -> [String: Any] {
        try resolved(try resolved(value)[key])
    }

    /// A map, either directly or through a `$ref` of this document.
    static func resolved(_ value: Any?) throws -> [String: Any] {
        let map = try #require(value as? [String: Any])
        guard let reference = map["$ref"] as? String else { return map }
        return try reference.split(separator: "/").dropFirst().reduce(try document()) { try self.map($0, String($1)) }
    }

    /// The schema of a component.
    static func schema(named name: String) throws -> Schema {
        try schema(try map(try map(document(), "components"), "schemas")[name])
    }

    /// The schema of the JSON with which an operation answers.
    static func answer(of method: String, _ path: String, status: String = "200") throws -> Schema {
        let operation = try map(try map(document(), "paths")[path], method)
        let responses = try #require(operation["responses"] as? [AnyHashable: Any])
        let response = responses.first { "\($0.key.base)" == status }?.value
        return try schema(try map(try map(response, "content"), "application/json")["schema"])
    }

    /// The schema of the JSON that an operation reads.
    static func body(of method: String, _ path: String) throws -> Schema {
        let operation = try map(try map(document(), "paths")[path], method)
        let content = try map(try map(operation, "requestBody"), "content")
        return try schema(try map(content, "application/json")["schema"])
    }

    private static func schema(_ value: Any?) throws -> Schema {
        let map = try resolved(value)
        if let parts = map["allOf"] as? [Any] {
            let schemas = try parts.map { try schema($0) }
            var whole = try #require(schemas.first)
            for part in schemas { whole.members.merge(part.members) { _, last in last } }
            return whole
        }
        if let options = map["oneOf"] as? [Any] {
            let schemas = try options.map { try schema($0) }
            let values = schemas.filter { $0.type != "null" }
            var either = try #require(values.first)
            for value in values.dropFirst() { either.take(value) }
            either.isNullable = values.count < schemas.count
            return either
        }
        var types = map["type"] as? [String] ?? (map["type"] as? String).map { [$0] } ?? []
        if let constant = map["const"] { types = [constant is Bool ? "boolean" : "string"] }
        var found = Schema(type: try #require(types.first))
        found.isNullable = types.dropFirst().contains("null")
        if let items = map["items"] { found.items = [try schema(items)] }
        let required = map["required"] as? [String] ?? []
        for (name, property) in map["properties"] as? [String: Any] ?? [:] {
            let member = try schema(property)
            found.members[name] = Schema.Member(schema: member, isRequired: required.contains(name))
        }
        return found
    }
}

extension Schema {
    /// Makes this the schema of values of either schema.
    fileprivate mutating func take(_ other: Schema) {
        for name in members.keys where other.members[name] == nil { members[name]?.isRequired = false }
        for (name, var member) in other.members {
            member.isRequired = member.isRequired && members[name]?.isRequired == true
            members[name] = member
        }
    }
}

/// Files of the source tree that a test reads.
enum Repository {
    static func file(_ name: String, from file: String = #filePath) -> URL {
        var folder = URL(fileURLWithPath: file)
        for _ in 1...4 { folder.deleteLastPathComponent() }
        return folder.appendingPathComponent(name)
    }
}
