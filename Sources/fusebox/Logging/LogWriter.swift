import Dispatch
import Foundation
import NIOConcurrencyHelpers

/// Writes log lines on a thread of its own, so that no caller waits for the reader of a pipe.
///
/// Lines wait in a buffer. Once it is full, lines are dropped until all of it has been written, and a line in their
/// place says how many. A crash loses the lines that wait.
final class LogWriter: Sendable {
    /// Makes the line about dropped lines from their number.
    typealias Notice = @Sendable (_ dropped: Int) -> String

    private struct Dropped {
        var count: Int
        var notice: Notice
    }

    private struct Buffer {
        /// The lines that wait, with their line breaks.
        var waiting: [UInt8] = []
        /// The number of bytes that the thread is writing.
        var inProgress = 0
        var dropped: Dropped?
        /// Whether the thread has been started and has not found the buffer empty since.
        var isWriting = false
    }

    static let standardError = LogWriter(descriptor: STDERR_FILENO)

    /// Bytes of lines that may wait: some thousand lines, as many as a storm of transitions logs while a reader restarts.
    static let capacity = 1_048_576
    /// How long the end of the process waits for the last lines, in seconds. A reader that works takes milliseconds.
    static let patience = 2.0

    private let descriptor: Int32
    private let buffer = NIOLockedValueBox(Buffer())
    private let thread = DispatchQueue(label: "log")
    private let writing = DispatchGroup()

    init(descriptor: Int32) {
        self.descriptor = descriptor
    }

    func write(_ line: String, notice: @escaping Notice) {
        let bytes = Array("\(line)\n".utf8)
        let mustStart = buffer.withLockedValue { buffer -> Bool in
            if buffer.dropped == nil, buffer.waiting.count + buffer.inProgress + bytes.count <= Self.capacity {
                buffer.waiting += bytes
            } else {
                buffer.dropped = Dropped(count: (buffer.dropped?.count ?? 0) + 1, notice: notice)
            }
            defer { buffer.isWriting = true }
            return !buffer.isWriting
        }
        if mustStart { thread.async(group: writing) { self.writeAll() } }
    }

    /// Waits until all lines are written.
    /// - Returns: `false` if some lines still wait after `seconds`.
    @discardableResult
    func flush(within seconds: Double = LogWriter.patience) -> Bool {
        writing.wait(timeout: .now() + seconds) == .success
    }

    private func writeAll() {
        // A line that cannot be written is lost: a full disk must not end the process.
        while let bytes = next() { _ = Output.put(bytes, to: descriptor) }
    }

    /// The bytes to write next: all lines that wait, or the notice of those that were dropped after them; `nil` if there
    /// is nothing to write.
    private func next() -> [UInt8]? {
        let (lines, dropped) = buffer.withLockedValue { buffer -> ([UInt8], Dropped?) in
            let lines = buffer.waiting
            buffer.waiting = []
            buffer.inProgress = lines.count
            guard lines.isEmpty else { return (lines, nil) }
            let dropped = buffer.dropped
            buffer.dropped = nil
            buffer.isWriting = dropped != nil
            return (lines, dropped)
        }
        if let dropped { return Array("\(dropped.notice(dropped.count))\n".utf8) }
        return lines.isEmpty ? nil : lines
    }
}
