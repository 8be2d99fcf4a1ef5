import Foundation

/// A terminal that a command has to itself for as long as it runs, and gives back as it was.
struct FullScreen {
    private var attributes: termios?
    private var isEntered = false
    private var frame = ""

    /// The alternate screen, without a cursor, and lines that are cut and do not go on in the next; behind it, what stood
    /// there before (xterm's private modes 1049, 25 and 7).
    private static let beginning = "\u{1b}[?1049h\u{1b}[?25l\u{1b}[?7l\u{1b}[2J"
    private static let end = "\u{1b}[?7h\u{1b}[?25h\u{1b}[?1049l"

    mutating func enter() throws {
        guard !isEntered else { return }
        isEntered = true
        frame = ""
        var attributes = termios()
        if tcgetattr(STDIN_FILENO, &attributes) == 0 {
            self.attributes = attributes
            // What is typed shows nowhere, and is read at once; Ctrl-C still interrupts.
            attributes.c_lflag &= ~tcflag_t(ECHO | ICANON)
            tcsetattr(STDIN_FILENO, TCSANOW, &attributes)
        }
        try Output.write(Self.beginning)
    }

    mutating func leave() {
        guard isEntered else { return }
        isEntered = false
        // Where the terminal is gone there is nothing to give back.
        try? Output.write(Self.end)
        if var attributes { tcsetattr(STDIN_FILENO, TCSANOW, &attributes) }
    }

    /// Has the lines stand on the screen, from its top. There must be fewer of them than it has.
    mutating func draw(_ lines: [String]) throws {
        guard isEntered else { return }
        // Written at once and over what is there: nothing flickers. Cleared before it is written, for behind a line that
        // fills the screen the cursor is still on its last character.
        let frame = "\u{1b}[H" + lines.map { "\u{1b}[K" + $0 }.joined(separator: "\r\n") + "\r\n\u{1b}[J"
        guard frame != self.frame else { return }
        self.frame = frame
        try Output.write(frame)
    }

    /// Has the next frame be drawn, whatever stands there.
    mutating func forget() { frame = "" }
}
