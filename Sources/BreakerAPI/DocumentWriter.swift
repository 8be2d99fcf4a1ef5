import BreakerCore

/// A JSON document of the HTTP interface: the server writes it, and clients read it.
///
/// Its members are written in the order of its `CodingKeys`.
package protocol Document: Codable, Hashable, Sendable {
    /// Whether members without a value are written as `null`. If not, they are left out.
    static var writesNull: Bool { get }

    /// Appends the document as JSON, without white space.
    func write(into bytes: inout [UInt8])
}

extension Document {
    package static var writesNull: Bool { true }

    package func write(into bytes: inout [UInt8]) { DocumentWriter.write(self, into: &bytes) }

    /// The document as JSON, without white space.
    package var bytes: [UInt8] {
        var bytes: [UInt8] = []
        write(into: &bytes)
        return bytes
    }
}

/// Writes a document as JSON. Foundation's encoder does not keep the order of members.
package final class DocumentWriter: Encoder, SingleValueEncodingContainer {
    package var codingPath: [any CodingKey] { [] }
    package var userInfo: [CodingUserInfoKey: Any] { [:] }

    fileprivate let writesNull: Bool
    private var bytes: [UInt8] = []
    /// The bracket that ends the value being written; `nil` if the value is neither an object nor a list.
    private var end: UInt8?

    private init(writesNull: Bool) {
        self.writesNull = writesNull
    }

    /// As ``Document/write(into:)``, whatever the document's own method does.
    package static func write<D: Document>(_ document: D, into bytes: inout [UInt8]) {
        let writer = DocumentWriter(writesNull: D.writesNull)
        swap(&bytes, &writer.bytes)
        do {
            try writer.write(document)
        } catch {
            preconditionFailure("\(D.self) cannot be written: \(error)")
        }
        swap(&bytes, &writer.bytes)
    }

    // MARK: Objects and lists

    package func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
        open("{", "}")
        return KeyedEncodingContainer(ObjectWriter<Key>(writer: self))
    }

    package func unkeyedContainer() -> any UnkeyedEncodingContainer {
        open("[", "]")
        return ListWriter(writer: self)
    }

    package func singleValueContainer() -> any SingleValueEncodingContainer { self }

    /// A value that writes the members of another value as its own opens one object for both.
    private func open(_ opening: Unicode.Scalar, _ closing: Unicode.Scalar) {
        guard end == nil else { return }
        bytes.append(UInt8(ascii: opening))
        end = UInt8(ascii: closing)
    }

    fileprivate func beginMember(_ name: String) throws {
        beginElement()
        try encode(name)
        bytes.append(UInt8(ascii: ":"))
    }

    fileprivate func beginElement() {
        switch bytes.last {
        case UInt8(ascii: "{"), UInt8(ascii: "["): break
        default: bytes.append(UInt8(ascii: ","))
        }
    }

    fileprivate func write(_ value: some Encodable) throws {
        let outerEnd = end
        end = nil
        try value.encode(to: self)
        if let end { bytes.append(end) }
        end = outerEnd
    }

    // MARK: Values

    package func encodeNil() throws { bytes.append(contentsOf: "null".utf8) }

    package func encode(_ value: Bool) throws { bytes.append(contentsOf: (value ? "true" : "false").utf8) }

    package func encode(_ value: some FixedWidthInteger & Encodable) throws {
        bytes.append(contentsOf: value.description.utf8)
    }

    package func encode(_ value: Float) throws { try encode(Double(value)) }

    /// A whole number is written without a fraction: `1`, not `1.0`.
    package func encode(_ value: Double) throws {
        precondition(value.isFinite, "JSON has no \(value)")
        if let whole = Int64(exactly: value) {
            try encode(whole)
        } else {
            bytes.append(contentsOf: value.description.utf8)
        }
    }

    package func encode(_ value: String) throws { bytes.append(escaping: value) }

    package func encode<Value: Encodable>(_ value: Value) throws { try value.encode(to: self) }
}

private struct ObjectWriter<Key: CodingKey>: KeyedEncodingContainerProtocol {
    let writer: DocumentWriter

    var codingPath: [any CodingKey] { writer.codingPath }

    func encodeNil(forKey key: Key) throws {
        try writer.beginMember(key.stringValue)
        try writer.encodeNil()
    }

    func encode<Value: Encodable>(_ value: Value, forKey key: Key) throws {
        try writer.beginMember(key.stringValue)
        try writer.write(value)
    }

    // The protocol's own methods of this name leave out `nil`. It has one for each type of number; these are the types
    // that documents have.

    func encodeIfPresent(_ value: Bool?, forKey key: Key) throws { try write(value, key) }
    func encodeIfPresent(_ value: String?, forKey key: Key) throws { try write(value, key) }
    func encodeIfPresent(_ value: Double?, forKey key: Key) throws { try write(value, key) }
    func encodeIfPresent(_ value: Int?, forKey key: Key) throws { try write(value, key) }
    func encodeIfPresent(_ value: Int64?, forKey key: Key) throws { try write(value, key) }
    func encodeIfPresent<Value: Encodable>(_ value: Value?, forKey key: Key) throws { try write(value, key) }

    private func write(_ value: (some Encodable)?, _ key: Key) throws {
        if let value {
            try encode(value, forKey: key)
        } else if writer.writesNull {
            try encodeNil(forKey: key)
        }
    }

    func nestedContainer<NestedKey: CodingKey>(
        keyedBy keyType: NestedKey.Type,
        forKey key: Key
    ) -> KeyedEncodingContainer<NestedKey> {
        unsupported()
    }

    func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer { unsupported() }
    func superEncoder() -> any Encoder { unsupported() }
    func superEncoder(forKey key: Key) -> any Encoder { unsupported() }
}

private struct ListWriter: UnkeyedEncodingContainer {
    let writer: DocumentWriter
    var count = 0

    var codingPath: [any CodingKey] { writer.codingPath }

    mutating func encodeNil() throws {
        begin()
        try writer.encodeNil()
    }

    mutating func encode<Value: Encodable>(_ value: Value) throws {
        begin()
        try writer.write(value)
    }

    private mutating func begin() {
        count += 1
        writer.beginElement()
    }

    func nestedContainer<NestedKey: CodingKey>(keyedBy keyType: NestedKey.Type) -> KeyedEncodingContainer<NestedKey> {
        unsupported()
    }

    func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer { unsupported() }
    func superEncoder() -> any Encoder { unsupported() }
}

private func unsupported() -> Never {
    preconditionFailure("a document contains other documents, and no nested containers")
}

extension CodingKey where Self: CaseIterable {
    /// The names of all members.
    package static var names: Set<String> { Set(allCases.map(\.stringValue)) }
}
