import Foundation

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
