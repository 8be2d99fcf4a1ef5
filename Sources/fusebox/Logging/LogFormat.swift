import BreakerCore
import BreakerText
import Foundation
import Logging

/// The format of log lines.
enum LogFormat: String, CaseIterable {
    /// For people.
    case text
    /// One JSON object a line, for machines.
    case json
}

/// Writes each message as one line to standard error.
struct LineLogHandler: LogHandler {
    private let label: String
    private let format: LogFormat
    var logLevel = Logger.Level.info
    var metadata: Logger.Metadata = [:]

    init(label: String, format: LogFormat) {
        self.label = label
        self.format = format
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        LogWriter.standardError.write(line(event, at: .now())) { line(dropped: $0, at: .now()) }
    }

    /// The event as a line, without a line break.
    func line(_ event: LogEvent, at now: Instant) -> String {
        // The event's own values win over those of the logger.
        let fields = metadata.merging(event.metadata ?? [:]) { _, own in own }.mapValues(\.description)
        return switch format {
        case .text: text(event, fields, at: now)
        case .json: json(event, fields, at: now)
        }
    }

    /// The line about lines that were dropped.
    func line(dropped count: Int, at now: Instant) -> String {
        let event = LogEvent(
            level: .warning,
            message: "Log lines were dropped, because standard error was not read in time",
            metadata: ["lines": "\(count)"],
            source: "LogWriter",
            file: #fileID,
            function: #function,
            line: #line
        )
        return line(event, at: now)
    }

    private func json(_ event: LogEvent, _ fields: [String: String], at now: Instant) -> String {
        var fields = fields
        fields["at"] = now.timestamp
        fields["level"] = event.level.rawValue
        fields["logger"] = label
        fields["message"] = event.message.description
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        // An object of strings can always be encoded.
        let line = (try? encoder.encode(fields)) ?? Data()
        return String(decoding: line, as: UTF8.self).escapedForTerminal
    }

    /// The line in the format of swift-log's own handler, with quotes around values that contain spaces. Text from a
    /// client or an operator stays within its field and its line, and cannot control a terminal.
    private func text(_ event: LogEvent, _ fields: [String: String], at now: Instant) -> String {
        let fields = fields.sorted { $0.key < $1.key }.map { "\(Self.quoted($0.key))=\(Self.quoted($0.value))" }
        let time = "\(now.timestamp.prefix(19))Z"
        let beginning = [time, event.level.rawValue, "\(label):"]
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
