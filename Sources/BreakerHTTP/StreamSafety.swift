/// A check that keeps text from clients cheap to compare.
///
/// Swift compares and hashes strings in their normal form. For that it sorts the combining marks that follow a letter,
/// in time that grows with the square of their number: some minutes for a body of 4 MiB. Text in Unicode's stream-safe
/// format (UAX #15, section 13) has few of them in a row, and no text that people read has more.
enum StreamSafety {
    /// The maximum number of combining marks in a row.
    static let maximumMarks = 30

    /// - Parameter bytes: UTF-8.
    static func holds(_ bytes: some Collection<UInt8>) -> Bool {
        guard bytes.contains(where: { $0 >= 0x80 }) else { return true }
        var marks = 0
        for scalar in String(decoding: bytes, as: UTF8.self).unicodeScalars {
            marks = scalar.isMark ? marks + 1 : 0
            if marks > maximumMarks { return false }
        }
        return true
    }
}

extension Unicode.Scalar {
    fileprivate var isMark: Bool {
        switch properties.generalCategory {
        case .nonspacingMark, .spacingMark, .enclosingMark: true
        default: false
        }
    }
}
