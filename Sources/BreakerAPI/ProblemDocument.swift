/// An error in JSON (RFC 9457).
package struct ProblemDocument: Document {
    package static let writesNull = false

    package struct Fault: Codable, Hashable, Sendable {
        /// The field as the client wrote it: `duration_ms`, `policy.window_ms`, `reports[3].name`.
        package var field: String
        package var detail: String

        package init(field: String, detail: String) {
            self.field = field
            self.detail = detail
        }
    }

    package var type: String
    package var title: String
    package var status: Int
    /// A sentence about this occurrence.
    package var detail: String
    /// A ``ProblemCode``, or a code that a later version adds.
    package var code: String
    /// The fields at fault; `nil` if there are none.
    package var errors: [Fault]?

    package init(_ code: ProblemCode, status: Int, detail: String, errors: [Fault]?) {
        type = code.type
        title = code.title
        self.status = status
        self.detail = detail
        self.code = code.rawValue
        self.errors = errors
    }
}
