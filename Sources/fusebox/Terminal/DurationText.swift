import ArgumentParser

/// Durations as people write and read them: `90s`, `30m`, `2h`, `1d`.
enum DurationText {
    private static let units: [(name: String, ms: Int64)] = [
        ("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1),
    ]

    /// In at most two units, the smaller one only where it says something: `2d 4h`, `12m`, `1m 30s`, `28s`, `350ms`.
    static func short(ms: Int64) -> String {
        let ms = max(0, ms)
        guard ms >= 1_000 else { return ms == 0 ? "0s" : "\(ms)ms" }
        // Beyond ten of a unit nobody asks for the next smaller one.
        guard let first = units.first(where: { ms >= $0.ms }) else { return "\(ms)ms" }
        let count = ms / first.ms
        guard first.name != "s", let second = units.first(where: { $0.ms < first.ms }) else {
            return "\(count)\(first.name)"
        }
        guard count < 10 else {
            let rounded = (ms + first.ms / 2) / first.ms * first.ms
            return rounded == ms ? "\(count)\(first.name)" : short(ms: rounded)
        }
        let rest = ms % first.ms / second.ms
        return rest == 0 ? "\(count)\(first.name)" : "\(count)\(first.name) \(rest)\(second.name)"
    }

    /// All of it, in as many units as it takes: `1h30m`, `1500ms`.
    static func exact(ms: Int64) -> String {
        guard ms > 0 else { return "\(ms)ms" }
        guard ms % 1_000 == 0 else { return "\(ms)ms" }
        var (text, rest) = ("", ms)
        for unit in units where rest >= unit.ms {
            text += "\(rest / unit.ms)\(unit.name)"
            rest %= unit.ms
        }
        return text
    }

    /// - Returns: milliseconds; `nil` for what is no duration.
    static func parse(_ text: String) -> Int64? {
        var (sum, rest): (Int64, Substring) = (0, text[...])
        guard !rest.isEmpty else { return nil }
        while !rest.isEmpty {
            let digits = rest.prefix { $0.isASCII && $0.isNumber }
            rest = rest.dropFirst(digits.count)
            let letters = rest.prefix { $0.isLetter }
            rest = rest.dropFirst(letters.count)
            guard let count = Int64(digits), let unit = units.first(where: { $0.name == letters }) else { return nil }
            let (product, isTooLarge) = count.multipliedReportingOverflow(by: unit.ms)
            let (total, overflows) = sum.addingReportingOverflow(product)
            guard !isTooLarge, !overflows else { return nil }
            sum = total
        }
        return sum
    }
}
