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
