import BreakerAPI
import Foundation
import Testing

@testable import BreakerHTTP

/// The answer of a server.
struct HTTPAnswer: Sendable {
    var status: Int
    /// The status line and header fields as received; empty if a client library has parsed them.
    var head = ""
    /// The header fields in order, with names in lower case.
    var fields: [(name: String, value: String)]
    var body: [UInt8]

    var text: String { String(decoding: body, as: UTF8.self) }

    /// The value of the only header field of this name; `nil` if there is none.
    subscript(field: String) -> String? {
        let values = fields.filter { $0.name == field }.map(\.value)
        return values.count > 1 ? "repeated: \(values)" : values.first
    }

    /// The body as JSON; `null` if it is not JSON.
    var json: JSON { (try? JSONParser.parse(body)) ?? .null }

    var nextPageToken: String { json["next_page_token"]?.text ?? "none" }

    /// Expects a complete problem document of this code, according to RFC 9457.
    ///
    /// - Parameter faults: the fields that it must name; `nil` if it must name none.
    func expectProblem(
        _ code: ProblemCode,
        faults: [String]? = nil,
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        #expect(status == code.status, "\(text)", sourceLocation: sourceLocation)
        #expect(self["content-type"] == "application/problem+json", sourceLocation: sourceLocation)
        #expect(self["x-request-id"]?.isEmpty == false, sourceLocation: sourceLocation)
        let members = ["type", "title", "status", "detail", "code"] + (faults == nil ? [] : ["errors"])
        #expect(json.keys == members, "\(text)", sourceLocation: sourceLocation)
        guard let document = try? JSONDecoder().decode(ProblemDocument.self, from: Data(body)) else {
            Issue.record("no problem document: \(text)", sourceLocation: sourceLocation)
            return
        }
        #expect(document.code == code.rawValue, "\(text)", sourceLocation: sourceLocation)
        #expect(document.type == "urn:fusebox:problem:\(code.rawValue)", sourceLocation: sourceLocation)
        #expect(document.title == code.title, sourceLocation: sourceLocation)
        #expect(document.status == status, sourceLocation: sourceLocation)
        #expect(!document.detail.isEmpty, sourceLocation: sourceLocation)
        #expect(document.errors?.map(\.field) == faults, "\(text)", sourceLocation: sourceLocation)
    }
}

extension JSON {
    /// The names of an object's members, in order.
    var keys: [String] {
        if case .object(let members) = self { members.map(\.key) } else { [] }
    }

    var items: [JSON] {
        if case .array(let items) = self { items } else { [] }
    }

    var text: String? {
        if case .string(let text) = self { text } else { nil }
    }

    var whole: Int64? {
        if case .integer(let value) = self { value } else { nil }
    }
}

/// All answers of a server on one connection, without the parts that always differ: dates, and request ids that the
/// server made.
struct MaskedAnswers {
    /// Each answer from its status code on. A 100 is left out: whether it is sent depends on how much of the body has
    /// arrived.
    let texts: [String]

    init(_ text: String) {
        texts = text.replacingOccurrences(of: "an HTTP/1.1 request", with: "a request")
            .components(separatedBy: "HTTP/1.1 ").dropFirst()
            .filter { !$0.hasPrefix("100 ") }
            .map { $0.components(separatedBy: "\r\n").map(Self.masked).joined(separator: "\r\n") }
    }

    private static func masked(_ line: String) -> String {
        if line.hasPrefix("Date: ") { return "Date:" }
        let id = line.dropFirst("x-request-id: ".count)
        let isMade = line.hasPrefix("x-request-id: ") && id.count > 8 && id.allSatisfy(\.isHexDigit)
        return isMade ? "x-request-id:" : line
    }

    /// Whether the answers are the same. The last answers may differ if a request breaks off: when its parts arrive
    /// decides whether it is refused before that or because of it.
    func agree(with other: MaskedAnswers) -> Bool {
        guard texts != other.texts else { return true }
        guard texts.count == other.texts.count, texts.dropLast() == other.texts.dropLast(),
            let last = texts.last, let otherLast = other.texts.last
        else { return false }
        return [last, otherLast].contains { $0.contains("malformed_request") }
            && [last, otherLast].allSatisfy { $0.hasPrefix("4") || $0.hasPrefix("5") }
    }
}
