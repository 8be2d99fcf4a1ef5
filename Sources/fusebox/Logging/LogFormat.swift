import BreakerText
import Foundation
import Logging

/// The format of log lines.
enum LogFormat: String, CaseIterable {
    /// For people.
    case text
    /// One JSON object a line, for machines.
    case json

    func handler(label: String) -> any LogHandler {
        switch self {
        case .text: TextLogHandler(label: label)
        case .json: JSONLogHandler(label: label)
        }
    }
}

/// Writes each message as one line of JSON to standard error.
struct JSONLogHandler: LineLogHandler {
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

    func line(_ event: LogEvent, at now: Date) -> String {
        var fields = fields(of: event)
        fields["at"] = now.formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true))
        fields["level"] = event.level.rawValue
        fields["logger"] = label
        fields["message"] = event.message.description
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        // An object of strings can always be encoded.
        let line = (try? encoder.encode(fields)) ?? Data()
        return String(decoding: line, as: UTF8.self).escapedForTerminal
    }
}
