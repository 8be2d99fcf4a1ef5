import BreakerText
import Foundation
import Logging

/// Writes each message as one line of text to standard error. Text from a client or an operator stays within its field
/// and its line, and cannot control a terminal.
struct TextLogHandler: LineLogHandler {
    let label: String
    var logLevel = Logger.Level.info
    var metadata: Logger.Metadata = [:]

    init(label: String) {
        self.label = label
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) { write(event) }

    /// The line in the format of swift-log's own handler, with quotes around values that contain spaces.
    func line(_ event: LogEvent, at now: Date) -> String {
        let fields = fields(of: event).sorted { $0.key < $1.key }.map {
            "\(Self.quoted($0.key))=\(Self.quoted($0.value))"
        }
        let beginning = [now.formatted(.iso8601), event.level.rawValue, "\(label):"]
        return (beginning + fields + ["[\(event.source)]", event.message.description]).joined(separator: " ").printable
    }

    private static func quoted(_ text: String) -> String {
        let isPlain =
            !text.isEmpty
            && !text.unicodeScalars.contains { "\"=".unicodeScalars.contains($0) || $0.properties.isWhitespace }
        if isPlain { return text }
        return "\"\(text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\""))\""
    }
}
