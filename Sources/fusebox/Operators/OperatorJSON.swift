import Foundation

/// JSON in the server's format, and as `--json` prints it.
enum OperatorJSON {
    static func decoder() -> JSONDecoder {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        decoder.dateDecodingStrategy = .custom { decoder in
            let container = try decoder.singleValueContainer()
            let text = try container.decode(String.self)
            guard let date = instant(text) else {
                throw DecodingError.dataCorruptedError(in: container, debugDescription: "\(text) is not an instant")
            }
            return date
        }
        return decoder
    }

    /// An RFC 3339 instant, with or without fractional seconds.
    static func instant(_ text: String) -> Date? {
        (try? Date(text, strategy: Date.ISO8601FormatStyle(includingFractionalSeconds: true)))
            ?? (try? Date(text, strategy: Date.ISO8601FormatStyle()))
    }

    /// A document on one line, or pretty-printed for a terminal. Its members are sorted, so that two documents can be
    /// compared line by line.
    static func text(_ document: Data, on screen: Screen = .standardOutput) throws -> String {
        try text(try JSONSerialization.jsonObject(with: document), on: screen)
    }

    /// Combines documents: each becomes a member of one object.
    static func text(_ document: Data, with members: [String: Data]) throws -> String {
        guard var object = try JSONSerialization.jsonObject(with: document) as? [String: Any] else {
            return try text(document)
        }
        for (key, member) in members { object[key] = try JSONSerialization.jsonObject(with: member) }
        return try text(object)
    }

    static func text(_ object: Any, on screen: Screen = .standardOutput) throws -> String {
        var options: JSONSerialization.WritingOptions = [.sortedKeys, .withoutEscapingSlashes, .fragmentsAllowed]
        if screen.isTerminal { options.insert(.prettyPrinted) }
        let text = String(decoding: try JSONSerialization.data(withJSONObject: object, options: options), as: UTF8.self)
        return screen.isTerminal ? text.escapedForTerminal : text
    }
}
