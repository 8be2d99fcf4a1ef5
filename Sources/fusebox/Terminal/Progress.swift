import Foundation

/// How far a long operation has come: a line of its own on a terminal, rewritten in place; elsewhere nothing.
struct Progress {
    private let isShown = isatty(STDERR_FILENO) == 1
    private var last = ContinuousClock.now
    private var hasLine = false

    /// What is over before anybody could read it says nothing.
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
