import BreakerCore
import BreakerText

/// The old and the new value of one thing.
struct FieldChange: Hashable {
    var what: String
    /// Empty for an added value.
    var old = ""
    /// Empty for a removed value.
    var new = ""

    private var sign: String { old.isEmpty == new.isEmpty ? "" : old.isEmpty ? "+" : "-" }
    private var arrow: String { old.isEmpty || new.isEmpty ? "" : "→" }

    /// "failure_threshold 3 → 8", "+override shadow for 1d by ops: drill".
    var line: String {
        [sign + what, old, arrow, new].filter { !$0.isEmpty }.joined(separator: " ").printable
    }

    /// One line per difference, with aligned arrows.
    static func lines(_ differences: [FieldChange], on screen: Screen) -> [String] {
        guard !differences.isEmpty else { return [] }
        var table = TextTable([.init(""), .init(""), .init("", least: 8), .init(""), .init("", least: 8)])
        table.rows = differences.map { difference in
            let (old, new) = (TextTable.Cell(difference.old, .bad), TextTable.Cell(difference.new, .good))
            return [
                TextTable.Cell(difference.sign, difference.old.isEmpty ? .good : .bad), TextTable.Cell(difference.what),
                difference.old.isEmpty ? new : old, TextTable.Cell(difference.arrow),
                difference.old.isEmpty ? "" : new,
            ]
        }
        table.wrapsLast = true
        let narrower = Screen(width: screen.width.map { $0 - 2 }, hasColors: screen.hasColors)
        return table.lines(on: narrower).dropFirst().map { "  " + $0 }
    }

    /// The fields in which two policies differ.
    /// - Parameter old: `nil` for a policy that replaces none. Its values that equal the built-in defaults are left
    ///   out.
    static func between(_ old: [String: Double?]?, _ new: [String: Double?]) -> [FieldChange] {
        PolicyField.allCases.compactMap { field in
            guard let value = new[field.rawValue] else { return nil }
            let before = old.map { $0[field.rawValue] ?? nil }
            guard value != before ?? field.defaultValue.asDecimal else { return nil }
            return FieldChange(
                what: field.rawValue,
                old: before.map { PolicyWords.text(of: field, $0) } ?? "",
                new: PolicyWords.text(of: field, value)
            )
        }
    }
}
