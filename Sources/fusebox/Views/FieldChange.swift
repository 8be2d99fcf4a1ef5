import BreakerAPI
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

/// The lines for a change of many policies, or for the plan of one.
enum PolicyPlanListing {
    /// The differences, field by field, and a summary.
    ///
    /// - Parameter names: the names of the breakers, in the order in which they are shown.
    static func lines(_ plan: PolicyPlanDocument, in names: [String], on screen: Screen) -> [String] {
        let created = fields(of: plan.created)
        let changed = fields(of: plan.changed)
        var lines: [String] = []
        for name in names {
            let heading = screen.paint(name, .strong)
            if let fields = created[name] {
                lines.append("\(heading) (\(screen.paint(plan.applied ? "created" : "to be created", .good)))")
                lines += FieldChange.lines(fields.map { difference($0, isCreation: true) }, on: screen)
            } else if let fields = changed[name] {
                lines.append(heading)
                lines += FieldChange.lines(fields.map { difference($0, isCreation: false) }, on: screen)
            }
        }
        return lines + [summary(plan)]
    }

    private static func fields(of changes: [PolicyPlanDocument.Change]) -> [String: [PolicyPlanDocument.Field]] {
        Dictionary(changes.map { ($0.name, $0.fields) }, uniquingKeysWith: { first, _ in first })
    }

    private static func difference(_ change: PolicyPlanDocument.Field, isCreation: Bool) -> FieldChange {
        FieldChange(
            what: change.field,
            old: isCreation ? "" : text(of: change.field, change.from),
            new: text(of: change.field, change.to)
        )
    }

    /// - Parameter field: the name of a field, which a later version of the server may have added.
    private static func text(of field: String, _ value: Double?) -> String {
        if let field = PolicyField(rawValue: field) { return PolicyWords.text(of: field, value) }
        return value.map(NumberText.plain) ?? "off"
    }

    private static func summary(_ plan: PolicyPlanDocument) -> String {
        let (changed, created, unchanged) = (plan.changed.count, plan.created.count, plan.unchanged.count)
        guard changed + created > 0 else { return "Nothing to do: \(unchanged) unchanged." }
        return plan.applied
            ? "\(changed) changed, \(created) created, \(unchanged) unchanged."
            : "\(changed) to change, \(created) to create, \(unchanged) unchanged."
    }
}

/// Readable texts for the values of a policy.
enum PolicyWords {
    /// The readable form of a number: milliseconds as a duration, a share in percent; `nil` if it needs none.
    static func reading(of field: PolicyField, _ value: Double?) -> String? {
        guard let value else { return nil }
        if field.rawValue.hasSuffix("_ms"), let ms = Int64(exactly: value) { return DurationText.exact(ms: ms) }
        if case .rate = field.range { return NumberText.percent(value) + " %" }
        return nil
    }

    /// Reads a number with a unit: "1h30m" for a duration, "50%" or "50 %" for a share.
    /// - Returns: `nil` if the text is not in a form of this field.
    static func value(of field: PolicyField, _ text: String) -> PolicyValue? {
        if field.rawValue.hasSuffix("_ms") { return DurationText.parse(text).map { .integer($0) } }
        guard case .rate = field.range, text.hasSuffix("%") else { return nil }
        let digits = String(text.dropLast(text.hasSuffix(" %") ? 2 : 1))
        guard digits.wholeMatch(of: /[0-9]{1,3}(\.[0-9]{1,9})?/) != nil else { return nil }
        return Double(digits).map { .decimal($0 / 100) }
    }

    /// The forms of the texts that ``value(of:_:)`` reads; `nil` for a field without a unit.
    static func forms(of field: PolicyField) -> String? {
        if field.rawValue.hasSuffix("_ms") { return "write milliseconds, or a duration such as 30s or 1h30m" }
        if case .rate = field.range { return "write a share such as 0.5, or a percentage such as 50%" }
        return nil
    }

    /// "30000 (30s)", "0.5 (50 %)", "off".
    static func text(of field: PolicyField, _ value: Double?) -> String {
        guard let number = value else { return "off" }
        return NumberText.plain(number) + (reading(of: field, number).map { " (\($0))" } ?? "")
    }
}
