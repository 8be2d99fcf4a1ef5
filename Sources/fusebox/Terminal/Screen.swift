import BreakerText
import Foundation

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
