import BreakerText
import Foundation

/// JSON as `--json` prints it.
enum OperatorJSON {
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
