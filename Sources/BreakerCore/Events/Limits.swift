/// The limits of workers' and operators' input. Input beyond a limit is rejected; only a failure's detail is truncated.
package enum Limits {
    /// How many outcomes one report may represent.
    package static let reportCount = 1...10_000
    /// How many outcomes the reports of one request may represent together.
    package static let outcomesPerRequest = 1_000_000
    /// How many reports one request may carry.
    package static let reportsPerRequest = 1...10_000
    /// How long a reported call may have taken, in milliseconds: a day.
    package static let durationMs: ClosedRange<Int64> = 0...86_400_000
    /// How long ago a reported call may have ended, in milliseconds: 15 minutes.
    package static let reportAgeMs: ClosedRange<Int64> = 0...900_000
    /// The maximum age, in milliseconds, of a report that evaluates the rules. An older report is counted, but does not
    /// trip the breaker.
    package static let currentAgeMs: Int64 = 5_000
    package static let kindLength = 64
    package static let reporterLength = 128
    package static let reportIDLength = 1...64
    /// UTF-8 bytes of a failure's detail that are kept.
    package static let detailBytes = 512
    package static let reasonLength = 1...512
    /// How long an override may last, in milliseconds: a second to a year.
    package static let overrideMs: ClosedRange<Int64> = 1_000...31_536_000_000
    /// How long an override lasts by default, in milliseconds: an hour.
    package static let defaultOverrideMs: Int64 = 3_600_000

    /// `text` truncated to ``detailBytes``, never inside a code point.
    package static func cutDetail(_ text: String) -> String {
        guard text.utf8.count > detailBytes else { return text }
        var end = text.utf8.index(text.startIndex, offsetBy: detailBytes)
        while end.samePosition(in: text.unicodeScalars) == nil { end = text.utf8.index(before: end) }
        return String(text[..<end])
    }
}
