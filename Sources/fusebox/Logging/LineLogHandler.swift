import Foundation
import Logging

/// A log handler that writes each event as one line to standard error.
protocol LineLogHandler: LogHandler {
    /// The event as a line, without a line break.
    func line(_ event: LogEvent, at now: Date) -> String
}

extension LineLogHandler {
    func write(_ event: LogEvent) {
        LogWriter.standardError.write(line(event, at: Date())) { self.line(dropped: $0, at: Date()) }
    }

    /// The line about lines that were dropped.
    func line(dropped count: Int, at now: Date) -> String {
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
