import Foundation

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
