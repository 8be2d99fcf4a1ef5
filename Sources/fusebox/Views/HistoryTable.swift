import BreakerAPI
import BreakerCore

/// The outcomes of a breaker's calls, one line per step.
struct HistoryTable {
    var history: HistoryDocument

    /// The signs of successes, failures and denials, which differ even without colours.
    private static let signs: [(name: String, sign: String, style: Style)] = [
        ("success", "█", .good), ("failure", "▓", .bad), ("denied", "░", .warning),
    ]
    /// The maximum length of a bar; longer bars give no more information.
    private static let longestBar = 40
    private static let shortestBar = 8

    func lines(on screen: Screen) -> [String] {
        screen.isTerminal ? pictured(on: screen) : plain
    }

    /// Every step and every number, for other programs.
    private var plain: [String] {
        var table = TextTable([.init("AT")] + Self.titles.map { .init($0, isNumber: true) })
        table.rows = history.points.map { point in
            [TextTable.Cell(TimestampText.seconds(point.at))] + numbers(point).map { TextTable.Cell("\($0)") }
        }
        return table.lines(on: .plain)
    }

    private static let titles = ["SUCCESSES", "FAILURES", "SLOW", "IGNORED", "ALLOWED", "DENIED"]

    private func numbers(_ point: HistoryDocument.Point) -> [Int64] {
        [point.successes, point.failures, point.slow, point.ignored, point.allowed, point.denied]
    }

    /// The table for a terminal. It leaves out zeros and empty steps, and each step has a bar.
    private func pictured(on screen: Screen) -> [String] {
        var table = TextTable([.init("AT")] + Self.titles.map { .init($0, isNumber: true) } + [.init("", least: 3)])
        table.rows = steps.map { point in
            guard let point else { return [TextTable.Cell("⋮", .faint)] + Self.titles.map { _ in "" } + [""] }
            let cells = numbers(point).map { TextTable.Cell($0 == 0 ? "" : "\($0)") }
            return [TextTable.Cell(label(point.at), .faint)] + cells + [""]
        }
        let taken = table.lines(on: .plain).map(\.columns).max() ?? 0
        let room = (screen.width ?? 80) - taken - 2
        if room >= Self.shortestBar {
            for (row, point) in zip(table.rows.indices, steps) {
                guard let point else { continue }
                table.rows[row][Self.titles.count + 1] = bar(point, longest: min(room, Self.longestBar))
            }
        }
        return table.lines(on: screen) + ["", sum(on: screen)]
    }

    /// The steps to show; `nil` for several empty steps in a row.
    private var steps: [HistoryDocument.Point?] {
        var steps: [HistoryDocument.Point?] = []
        for (number, point) in history.points.enumerated() {
            let isLast = number == history.points.count - 1
            if !point.isEmpty || isLast {
                steps.append(point)
            } else if steps.last.map({ $0 != nil }) ?? true {
                steps.append(nil)
            }
        }
        return steps
    }

    private func counts(_ point: HistoryDocument.Point) -> [Int64] { [point.successes, point.failures, point.denied] }

    private func bar(_ point: HistoryDocument.Point, longest: Int) -> TextTable.Cell {
        let most = history.points.map { counts($0).reduce(0, +) }.max() ?? 0
        guard most > 0 else { return "" }
        // A count above zero gets at least one cell, so a bar may be longer by one cell for each of the other counts.
        let length = Double(longest - Self.signs.count + 1)
        let parts = zip(Self.signs, counts(point)).map { sign, count in
            let cells = count == 0 ? 0 : max(1, Int((Double(count) / Double(most) * length).rounded()))
            return (String(repeating: sign.sign, count: cells), sign.style)
        }
        return TextTable.Cell(parts)
    }

    /// "19:05Z"; with the day if the period has several days, and only the day if each step is a day.
    private func label(_ instant: Instant) -> String {
        let text = TimestampText.seconds(instant)
        let last = history.to.advanced(byMilliseconds: -1)
        let days = Set([history.from, last].map { TimestampText.seconds($0).prefix(10) })
        if history.stepMs % 86_400_000 == 0 { return String(text.prefix(10)) }
        return days.count == 1 ? text.dropFirst(11).prefix(5) + "Z" : text.prefix(16) + "Z"
    }

    /// "█ 120 successes  ▓ 8 failures (6 %)  ░ 40 denied".
    private func sum(on screen: Screen) -> String {
        let sums = history.points.reduce(into: [0, 0, 0] as [Int64]) { sums, point in
            for (index, count) in counts(point).enumerated() { sums[index] += count }
        }
        let words = [
            sums[0] == 1 ? "success" : "successes", sums[1] == 1 ? "failure" : "failures", "denied",
        ]
        return zip(Self.signs, zip(sums, words)).map { sign, sum in
            var text = "\(sum.0) \(sum.1)"
            if sign.name == "failure", sums[1] > 0 {
                text += " (\(NumberText.percent(Double(sums[1]) / Double(sums[0] + sums[1]))) %)"
            }
            return screen.paint(sign.sign, sign.style) + " " + text
        }.joined(separator: "  ")
    }
}

extension HistoryDocument.Point {
    var isEmpty: Bool { successes + failures + slow + ignored + allowed + denied == 0 }
}
