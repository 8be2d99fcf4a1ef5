import Foundation

/// Where a command's words go.
enum Output {
    /// What could not be written: a result that is half there must not pass for a whole one.
    struct Failure: Error, CustomStringConvertible {
        var description: String
    }

    /// Writes a line.
    static func line(_ text: String = "") throws(Failure) { try write(text + "\n") }

    /// Writes several lines.
    static func lines(_ lines: [String]) throws(Failure) {
        guard !lines.isEmpty else { return }
        try write(lines.joined(separator: "\n") + "\n")
    }

    /// Writes a text as it is. Where the reader is gone the process ends as by SIGPIPE: at once, and without a word.
    static func write(_ text: String, to descriptor: Int32 = STDOUT_FILENO) throws(Failure) {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Foundation.write(descriptor, $0.baseAddress, $0.count) }
            if count >= 0 {
                rest = rest.dropFirst(count)
            } else if errno == EPIPE {
                // NIO has the process ignore the signal.
                TerminalSignals.die(by: SIGPIPE)
            } else if errno == EAGAIN {
                var entry = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                poll(&entry, 1, -1)
            } else if errno != EINTR {
                throw Failure(description: "the output cannot be written: \(String(cString: strerror(errno)))")
            }
        }
    }

    /// A remark beside the result. Where nobody reads those, there is nobody to tell.
    static func remark(_ text: String) {
        try? write(text + "\n", to: STDERR_FILENO)
    }
}
