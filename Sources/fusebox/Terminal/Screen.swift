import ArgumentParser
import BreakerText
import Dispatch
import Foundation
import UnixSignals

/// The output device of a table.
struct Screen: Sendable {
    /// Characters on a line; `nil` for unlimited, if the output is not a terminal.
    var width: Int?
    var hasColors = false
    /// The number of visible lines.
    var height = 24

    var isTerminal: Bool { width != nil }

    /// Whether the cursor can be moved.
    var isSteerable: Bool { isTerminal && ProcessInfo.processInfo.environment["TERM", default: "dumb"] != "dumb" }

    /// A file or a pipe.
    static let plain = Screen()

    /// The screen of standard output.
    static var standardOutput: Screen { Screen(descriptor: STDOUT_FILENO) }

    init(width: Int? = nil, hasColors: Bool = false, height: Int = 24) {
        self.width = width
        self.hasColors = hasColors
        self.height = height
    }

    private init(descriptor: Int32) {
        guard isatty(descriptor) == 1 else { return }
        let environment = ProcessInfo.processInfo.environment
        var size = winsize()
        if ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 {
            width = Int(size.ws_col)
            height = max(1, Int(size.ws_row))
        } else {
            width = 80
        }
        hasColors = Self.wantsColors(environment)
    }

    /// A non-empty `NO_COLOR` turns colours off (https://no-color.org).
    static func wantsColors(_ environment: [String: String]) -> Bool {
        environment["NO_COLOR", default: ""].isEmpty && environment["TERM"] != "dumb"
    }

    /// A text from another party, made printable, in a style.
    func paint(_ text: String, _ style: Style) -> String {
        let text = text.printable
        guard hasColors, !text.isEmpty, let code = style.code else { return text }
        return "\u{1b}[\(code)m\(text)\u{1b}[0m"
    }
}

/// The style of a text. It is never the only sign of anything: some terminals have no colours, and some readers cannot
/// see them.
enum Style: Sendable {
    case plain, strong, faint, good, warning, bad, ordered

    /// The parameters of "select graphic rendition" (ECMA-48).
    var code: String? {
        switch self {
        case .plain: nil
        case .strong: "1"
        case .faint: "2"
        case .good: "32"
        case .warning: "33"
        case .bad: "1;31"
        case .ordered: "35"
        }
    }
}

/// Full-screen use of a terminal, which is restored when the command ends.
struct FullScreen {
    private var attributes: termios?
    private var isEntered = false
    private var frame = ""

    /// Switches to the alternate screen, hides the cursor, and turns line wrapping off (xterm's private modes 1049, 25
    /// and 7). `end` restores the earlier content.
    private static let beginning = "\u{1b}[?1049h\u{1b}[?25l\u{1b}[?7l\u{1b}[2J"
    private static let end = "\u{1b}[?7h\u{1b}[?25h\u{1b}[?1049l"

    mutating func enter() throws {
        guard !isEntered else { return }
        isEntered = true
        frame = ""
        var attributes = termios()
        if tcgetattr(STDIN_FILENO, &attributes) == 0 {
            self.attributes = attributes
            // Input is not echoed, and is read at once; Ctrl-C still interrupts.
            attributes.c_lflag &= ~tcflag_t(ECHO | ICANON)
            tcsetattr(STDIN_FILENO, TCSANOW, &attributes)
        }
        try Output.write(Self.beginning)
    }

    mutating func leave() {
        guard isEntered else { return }
        isEntered = false
        // If the terminal is gone, there is nothing to restore.
        try? Output.write(Self.end)
        if var attributes { tcsetattr(STDIN_FILENO, TCSANOW, &attributes) }
    }

    /// Draws lines from the top of the screen. There must be fewer lines than the screen has.
    mutating func draw(_ lines: [String]) throws {
        guard isEntered else { return }
        // One write over the old content avoids flicker. Each line is cleared before it is written, because after a
        // line as wide as the screen the cursor is still on its last character.
        let frame = "\u{1b}[H" + lines.map { "\u{1b}[K" + $0 }.joined(separator: "\r\n") + "\r\n\u{1b}[J"
        guard frame != self.frame else { return }
        self.frame = frame
        try Output.write(frame)
    }

    /// Forces the next frame to be drawn.
    mutating func forget() { frame = "" }
}

/// Signals that a command handles before they end it.
struct TerminalSignals {
    private let sources: [(number: Int32, source: any DispatchSourceSignal)]

    /// Handles the given signals. A signal that the caller made this process ignore (`nohup`) stays ignored.
    init(_ numbers: [Int32], handler: @escaping @Sendable (Int32) -> Void) {
        sources = numbers.filter { !Self.isIgnored($0) }.map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler { handler(number) }
            source.resume()
            return (number, source)
        }
    }

    /// Restores the default effect of the signals.
    func end() {
        for (number, source) in sources {
            source.cancel()
            signal(number, SIG_DFL)
        }
    }

    /// Ends the process by the signal itself, so that a shell sees the signal.
    static func die(by number: Int32) {
        signal(number, SIG_DFL)
        // The current thread may block nearly all signals.
        var unblocked = sigset_t()
        sigemptyset(&unblocked)
        sigaddset(&unblocked, number)
        pthread_sigmask(SIG_UNBLOCK, &unblocked, nil)
        raise(number)
    }

    /// Whether the process was started with the signal ignored.
    static func isIgnored(_ number: Int32) -> Bool {
        var action = sigaction()
        return sigaction(number, nil, &action) == 0
            && unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self)
                == unsafeBitCast(SIG_IGN, to: Int.self)
    }
}

/// Runs work that an interrupt cancels, so that it can clean up before the process ends.
enum SignalledTask {
    /// - Throws: the errors of `work`; an `ExitCode` after SIGINT or SIGTERM has cancelled it.
    static func run<Value: Sendable>(_ work: @escaping @Sendable () async throws -> Value) async throws -> Value {
        let task = Task { try await work() }
        let signals = Task {
            for await _ in await UnixSignalsSequence(trapping: .sigint, .sigterm) { task.cancel() }
        }
        defer { signals.cancel() }
        do {
            return try await task.value
        } catch  where task.isCancelled {
            // 128 + SIGINT, as in shells.
            throw ExitCode(130)
        }
    }
}
