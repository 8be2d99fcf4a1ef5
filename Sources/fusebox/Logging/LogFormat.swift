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

    func line(_ event: LogEvent, at now: Instant) -> String {
        var fields = fields(of: event)
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
}

/// A log handler that writes each event as one line to standard error.
protocol LineLogHandler: LogHandler {
    /// The event as a line, without a line break.
    func line(_ event: LogEvent, at now: Instant) -> String
}

extension LineLogHandler {
    func write(_ event: LogEvent) {
        LogWriter.standardError.write(line(event, at: .now())) { self.line(dropped: $0, at: .now()) }
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

    /// The metadata of an event. Its own values win over those of the logger.
    func fields(of event: LogEvent) -> [String: String] {
        metadata.merging(event.metadata ?? [:]) { _, own in own }.mapValues(\.description)
    }
}

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
    func line(_ event: LogEvent, at now: Instant) -> String {
        let fields = fields(of: event).sorted { $0.key < $1.key }.map {
            "\(Self.quoted($0.key))=\(Self.quoted($0.value))"
        }
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
