import Foundation

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
