import BreakerAPI
import BreakerCore
import BreakerText

/// The text for an audit entry: what an order changed.
extension AuditEntryDocument {
    var differences: [FieldChange] {
        switch action {
        case "policy": policyDifferences
        case "override_set", "override_cleared":
            // Both sides are whole sentences, which are easier to read one below the other.
            [
                before?.order.map { FieldChange(what: "override", old: $0.words) },
                after?.order.map { FieldChange(what: "override", new: $0.words) },
            ].compactMap { $0 }
        case "reset": [FieldChange(what: "state", old: before?.state ?? "", new: after?.state ?? "")]
        case "delete": deletion
        default: []
        }
    }

    private var policyDifferences: [FieldChange] {
        guard let policy = after?.policy else { return [] }
        var differences = FieldChange.between(before?.policy?.values, policy.values)
        let (old, new) = (before?.policySource ?? "", after?.policySource ?? "")
        if before == nil { differences.insert(FieldChange(what: "created"), at: 0) }
        if before != nil, old != new { differences.append(FieldChange(what: "policy_source", old: old, new: new)) }
        return differences.isEmpty ? [FieldChange(what: "no changes")] : differences
    }

    /// Everything that a deletion removed, except values that every breaker has.
    private var deletion: [FieldChange] {
        var differences = [FieldChange(what: "state", old: before?.state ?? "")]
        if let override = before?.override { differences.append(FieldChange(what: "override", old: override.words)) }
        let policy = FieldChange.between(nil, before?.policy?.values ?? [:])
        return differences + policy.map { FieldChange(what: $0.what, old: $0.new) }
    }

    /// The actor, and the address if it is known.
    private var origin: String { actor + (address.map { " from \($0)" } ?? "") }

    /// A heading, followed by one line per change.
    func paragraph(on screen: Screen) -> [String] {
        let heading = [
            screen.paint(TimestampText.seconds(at), .faint), screen.paint(action.printable, .ordered),
            screen.paint(breaker.printable, .strong), "by \(origin)".printable,
        ]
        return [heading.joined(separator: "  ")] + FieldChange.lines(differences, on: screen)
    }

    /// The cells of a table row that shows the whole entry on one line.
    var cells: [TextTable.Cell] {
        let change = differences.map(\.line).joined(separator: "; ")
        return [TimestampText.seconds(at), actor, address ?? "", action, breaker, change].map { TextTable.Cell($0) }
    }
}

extension OverrideDocument {
    /// "force_open for 30m by ops: provider maintenance".
    var words: String {
        let length = expiresAt.map { "for \(DurationText.exact(ms: since.milliseconds(until: $0)))" } ?? "until cleared"
        return "\(mode) \(length) by \(actor): \(reason)"
    }
}

enum AuditListing {
    static func lines(_ entries: [AuditEntryDocument], on screen: Screen) -> [String] {
        guard !screen.isTerminal else { return entries.flatMap { $0.paragraph(on: screen) + [""] }.dropLast() }
        var table = TextTable(
            ["AT", "ACTOR", "ADDRESS", "ACTION", "BREAKER", "CHANGE"].map { TextTable.Column($0) }
        )
        table.rows = entries.map(\.cells)
        return table.lines(on: screen)
    }
}
