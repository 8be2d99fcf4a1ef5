import BreakerAPI
import BreakerCore

/// The list of breakers, one line each.
enum BreakerListing {
    static func lines(_ breakers: [BreakerDocument], at now: Instant, on screen: Screen) -> [String] {
        var table = TextTable([
            .init("STATE"),
            .init("BREAKER", least: 16),
            .init("FOR", isNumber: true),
            .init("OUTLOOK"),
            .init("OVERRIDE"),
            .init("WHY", least: 10),
        ])
        table.rows = breakers.map { breaker in
            [
                screen.isTerminal ? breaker.stateCell : TextTable.Cell(breaker.state),
                TextTable.Cell(breaker.name, .strong),
                TextTable.Cell(breaker.time(at: now)),
                TextTable.Cell(breaker.outlook(at: now)),
                breaker.overrideCell(at: now),
                breaker.why(at: now),
            ]
        }
        return table.lines(on: screen)
    }

    /// "12 breakers: 2 open, 1 half_open, 9 closed; 1 overridden".
    static func summary(_ counts: BreakerListDocument.Counts, on screen: Screen) -> String {
        let states = [
            ("open", counts.open, Style.bad), ("half_open", counts.halfOpen, .warning),
            ("closed", counts.closed, .good),
        ]
        .filter { $0.1 > 0 }
        .map { name, count, style in screen.paint("\(count) \(name)", style) }
        var text = "\(counts.total) \(counts.total == 1 ? "breaker" : "breakers")"
        if !states.isEmpty { text += ": " + states.joined(separator: ", ") }
        if counts.overridden > 0 { text += "; " + screen.paint("\(counts.overridden) overridden", .ordered) }
        return text
    }
}

/// Short texts about a breaker, for table columns.
extension BreakerDocument {
    /// The state with its sign.
    var stateCell: TextTable.Cell {
        let sign =
            switch state {
            case "open": "●"
            case "half_open": "◐"
            case "closed": "○"
            default: "?"
            }
        return TextTable.Cell("\(sign) \(state)", Self.stateStyle(state))
    }

    static func stateStyle(_ state: String) -> Style {
        switch state {
        case "open": .bad
        case "closed": .good
        default: .warning
        }
    }

    /// The next event, and the time until it.
    func next(at now: Instant) -> String {
        if let override, override.mode != "shadow" {
            return override.expiresAt.map { "ends in \(remaining(until: $0, at: now))" } ?? "until cleared"
        }
        switch state {
        case "open":
            guard let openUntil else { return "" }
            return openUntil > now ? "probe in \(remaining(until: openUntil, at: now))" : "probe is due"
        case "half_open" where probes.inFlight > 0: return "\(probes.inFlight) of \(probes.limit) probes in flight"
        case "half_open": return "probe is due"
        default: return ""
        }
    }

    /// The next event; for a closed breaker, how near it is to tripping.
    func outlook(at now: Instant) -> String {
        let next = next(at: now)
        return next.isEmpty ? nearestRule : next
    }

    /// The override in force, if any.
    func overrideCell(at now: Instant) -> TextTable.Cell {
        guard let override else { return "" }
        let end = override.mode == "shadow" ? override.expiresAt.map { " \(remaining(until: $0, at: now))" } ?? "" : ""
        return TextTable.Cell(override.mode + end, .ordered)
    }

    /// Why the breaker is in its state.
    func why(at now: Instant) -> TextTable.Cell {
        if let override { return TextTable.Cell("\(override.actor): \(override.reason)") }
        if state != "closed", let lastTransition {
            let outage = outage(at: now).map { "\($0); " } ?? ""
            return TextTable.Cell(outage + lastTransition.detail)
        }
        guard let lastFailure else { return "" }
        return TextTable.Cell("\(lastFailure.summary), \(age(of: lastFailure.at, at: now)) ago", .faint)
    }

    /// How near the nearest rule is to tripping; empty if nothing was observed.
    var nearestRule: String {
        let nearest = rules.max { ($0.progress ?? 0) < ($1.progress ?? 0) }
        guard state == "closed", let rule = nearest, (rule.progress ?? 0) > 0 else { return "" }
        return rule.short
    }

    /// "not closed for 13 s", if that is longer than the time in state.
    private func outage(at now: Instant) -> String? {
        guard let notClosedSince, notClosedSince < since else { return nil }
        return "not closed for \(age(of: notClosedSince, at: now))"
    }

    /// Time in state.
    func time(at now: Instant) -> String { age(of: since, at: now) }
}

extension BreakerDocument.Rule {
    private var isRate: Bool { minimumCalls != nil }

    /// "3/5 in a row", "36/50 % failed".
    var short: String {
        let observed = observed ?? 0
        let what =
            switch field {
            case "failure_threshold": "in a row"
            case "failure_count_threshold": "failures"
            case "failure_rate_threshold": "failed"
            case "slow_call_rate_threshold": "slow"
            default: field
            }
        guard isRate else { return "\(NumberText.plain(observed))/\(NumberText.plain(threshold)) \(what)" }
        return "\(NumberText.percent(observed))/\(NumberText.percent(threshold)) % \(what)"
    }
}

extension FailureDocument {
    /// "timeout from checkout-7".
    var summary: String { (kind ?? "failure") + (reporter.map { " from \($0)" } ?? "") }
}

enum NumberText {
    static func plain(_ value: Double) -> String { Int64(exactly: value).map { "\($0)" } ?? "\(value)" }

    /// A share in percent, without the sign. It has a decimal only if it is below ten and not whole.
    static func percent(_ share: Double) -> String {
        let tenths = (share * 1_000).rounded() / 10
        return plain(tenths < 10 ? tenths : tenths.rounded())
    }
}
