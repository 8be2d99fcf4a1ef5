extension String {
    /// The width of the text in terminal columns.
    var columns: Int { reduce(0) { $0 + $1.columns } }

    /// The text cut to `width` columns, with an ellipsis if it was cut.
    func cut(to width: Int) -> String {
        guard columns > width else { return self }
        guard width > 0 else { return "" }
        var (text, room) = ("", width - 1)
        for character in self {
            guard character.columns <= room else { break }
            text.append(character)
            room -= character.columns
        }
        return text.withoutSpacesAtEnd + "…"
    }

    /// The text broken at spaces into lines of at most `width` columns. Only a word that is longer than a line is
    /// split.
    func wrapped(to width: Int?) -> [String] {
        guard let width, width > 1 else { return [self] }
        var (lines, room) = ([""], width)
        for word in split(separator: " ").flatMap({ String($0).pieces(of: width) }) {
            let length = word.columns
            if room == width {
                lines[lines.count - 1] = word
                room -= length
            } else if length + 1 <= room {
                lines[lines.count - 1] += " " + word
                room -= length + 1
            } else {
                lines.append(word)
                room = width - length
            }
        }
        return lines
    }

    private func pieces(of width: Int) -> [String] {
        var (pieces, room) = ([""], width)
        for character in self {
            if character.columns > room {
                pieces.append("")
                room = width
            }
            pieces[pieces.count - 1].append(character)
            room -= character.columns
        }
        return pieces
    }

    var withoutSpacesAtEnd: String {
        var text = self
        while text.last == " " { text.removeLast() }
        return text
    }
}

extension Character {
    /// Two for East Asian wide characters and emoji, otherwise one.
    fileprivate var columns: Int {
        guard let scalar = unicodeScalars.first else { return 0 }
        switch scalar.value {
        case 0x1100...0x115f, 0x2e80...0x303e, 0x3041...0xa4cf, 0xac00...0xd7a3, 0xf900...0xfaff, 0xfe30...0xfe6f,
            0xff00...0xff60, 0xffe0...0xffe6, 0x1f300...0x1faff, 0x20000...0x3fffd:
            return 2
        default:
            return scalar.properties.isEmojiPresentation ? 2 : 1
        }
    }
}
