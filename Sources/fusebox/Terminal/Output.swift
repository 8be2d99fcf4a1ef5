import BreakerText
import Foundation

/// The output of a command.
enum Output {
    /// The error of a failed write: an incomplete result must not pass for a complete one.
    struct Failure: Error, CustomStringConvertible {
        var description: String
    }

    /// Writes a line.
    static func line(_ text: String = "") throws(Failure) { try write(text + "\n") }

    /// Writes a line of JSON as received, with control characters escaped so that it cannot control a terminal.
    static func json(_ line: Data) throws(Failure) {
        let text = String(decoding: line, as: UTF8.self)
        try self.line(isatty(STDOUT_FILENO) == 1 ? text.escapedForTerminal : text)
    }

    /// Writes several lines.
    static func lines(_ lines: [String]) throws(Failure) {
        guard !lines.isEmpty else { return }
        try write(lines.joined(separator: "\n") + "\n")
    }

    /// Writes a text as it is. If the reader is gone, the process ends at once and silently, as by SIGPIPE.
    static func write(_ text: String, to descriptor: Int32 = STDOUT_FILENO) throws(Failure) {
        guard let error = put(Array(text.utf8), to: descriptor) else { return }
        // NIO makes the process ignore the signal.
        if error == EPIPE { TerminalSignals.die(by: SIGPIPE) }
        throw Failure(description: "the output cannot be written: \(String(cString: strerror(error)))")
    }

    /// Writes bytes, and waits for the reader as long as it takes.
    /// - Returns: the `errno` of a write that failed; `nil` if all bytes were written.
    static func put(_ bytes: [UInt8], to descriptor: Int32) -> Int32? {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Foundation.write(descriptor, $0.baseAddress, $0.count) }
            let error = errno
            if count >= 0 {
                rest = rest.dropFirst(count)
            } else if error == EAGAIN {
                var entry = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                poll(&entry, 1, -1)
            } else if error != EINTR {
                return error
            }
        }
        return nil
    }

    /// Writes a remark, which may contain text from other parties, to standard error. A failed write is ignored: there
    /// is no other way to report it.
    static func remark(_ text: String) {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map { String($0).printable }
        try? write(lines.joined(separator: "\n") + "\n", to: STDERR_FILENO)
    }
}

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

/// The progress of a long operation: one line on a terminal, rewritten in place; no output elsewhere.
struct Progress {
    private let isShown = isatty(STDERR_FILENO) == 1
    private var last = ContinuousClock.now
    private var hasLine = false

    /// The least time between two updates. An operation that is over sooner shows no progress.
    private static let interval = Duration.milliseconds(200)

    mutating func show(_ text: @autoclosure () -> String) {
        guard isShown, ContinuousClock.now - last >= Self.interval else { return }
        last = .now
        hasLine = true
        try? Output.write("\r\u{1b}[K\(text())", to: STDERR_FILENO)
    }

    mutating func clear() {
        guard hasLine else { return }
        hasLine = false
        try? Output.write("\r\u{1b}[K", to: STDERR_FILENO)
    }
}

/// A question that the user answers with yes or no.
enum Confirmation {
    /// - Parameter question: a printable text.
    /// - Returns: whether the answer is `y` or `yes`. The end of the input counts as a no.
    static func isGiven(_ question: String) throws -> Bool {
        try Output.write("\(question) [y/N] ", to: STDERR_FILENO)
        return ["y", "yes"].contains(readLine()?.lowercased() ?? "")
    }
}
