import BreakerCore

extension String {
    /// The text made safe for a line of a terminal or a log. Text from other parties must not start another line, move
    /// the cursor or change the writing direction.
    package var printable: String {
        guard unicodeScalars.contains(where: \.isUnprintable) else { return self }
        var text = ""
        for scalar in unicodeScalars {
            if scalar == "\n" || scalar == "\r" || scalar == "\t" {
                text.append(" ")
            } else {
                text.unicodeScalars.append(scalar.isUnprintable ? "\u{fffd}" : scalar)
            }
        }
        return text
    }

    /// JSON that cannot control a terminal: control characters in its strings are escaped, which keeps their meaning.
    package var escapedForTerminal: String {
        guard unicodeScalars.contains(where: { $0.isUnprintable && $0 != "\n" }) else { return self }
        return unicodeScalars.reduce(into: "") { text, scalar in
            guard scalar.isUnprintable, scalar != "\n" else { return text.unicodeScalars.append(scalar) }
            for unit in String(scalar).utf16 { text += "\\u" + unit.hexadecimal }
        }
    }
}

extension Unicode.Scalar {
    /// Whether it is unprintable, such as C0 and C1 controls, DEL, direction marks, and line and paragraph separators.
    fileprivate var isUnprintable: Bool {
        switch properties.generalCategory {
        case .control, .format, .surrogate, .privateUse, .lineSeparator, .paragraphSeparator: true
        default: false
        }
    }
}
