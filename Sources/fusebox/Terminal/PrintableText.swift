extension String {
    /// The text as it may stand on a line of a terminal or of a log: what a stranger sent must neither begin another line,
    /// nor move the cursor, nor turn the direction of writing.
    var printable: String {
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

    /// JSON in which nothing steers a terminal: what stands in its texts and would do so is escaped, and means the same.
    var escapedForTerminal: String {
        guard unicodeScalars.contains(where: { $0.isUnprintable && $0 != "\n" }) else { return self }
        return unicodeScalars.reduce(into: "") { text, scalar in
            guard scalar.isUnprintable, scalar != "\n" else { return text.unicodeScalars.append(scalar) }
            for unit in String(scalar).utf16 {
                let digits = String(unit, radix: 16)
                text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            }
        }
    }
}

extension Unicode.Scalar {
    /// Controls of C0 and C1, DEL, marks of direction, and the separators of lines and paragraphs among them.
    fileprivate var isUnprintable: Bool {
        switch properties.generalCategory {
        case .control, .format, .surrogate, .privateUse, .lineSeparator, .paragraphSeparator: true
        default: false
        }
    }
}
