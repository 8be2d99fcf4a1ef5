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
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Foundation.write(descriptor, $0.baseAddress, $0.count) }
            if count >= 0 {
                rest = rest.dropFirst(count)
            } else if errno == EPIPE {
                // NIO makes the process ignore the signal.
                TerminalSignals.die(by: SIGPIPE)
            } else if errno == EAGAIN {
                var entry = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                poll(&entry, 1, -1)
            } else if errno != EINTR {
                throw Failure(description: "the output cannot be written: \(String(cString: strerror(errno)))")
            }
        }
    }

    /// Writes a remark, which may contain text from other parties, to standard error. A failed write is ignored: there
    /// is no other way to report it.
    static func remark(_ text: String) {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map { String($0).printable }
        try? write(lines.joined(separator: "\n") + "\n", to: STDERR_FILENO)
    }
}
