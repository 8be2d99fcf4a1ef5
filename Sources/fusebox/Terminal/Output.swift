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
