import BreakerAPI
import BreakerCore
import BreakerText
import Foundation

/// The page of one breaker.
struct BreakerPage {
    var breaker: BreakerDocument
    var explanation: ExplanationDocument
    var now: Instant
    /// The last transitions, newest first.
    var transitions: [TransitionDocument] = []

    func lines(on screen: Screen) -> [String] {
        let sections = [
            heading(screen), facts(screen), next(screen), rules(screen), failures(screen), timeline(screen),
            advice(screen), policy(screen),
        ]
        return sections.filter { !$0.isEmpty }.flatMap { $0 + [""] }.dropLast()
    }

    private func heading(_ screen: Screen) -> [String] {
        let state = screen.isTerminal ? breaker.stateCell : TextTable.Cell(breaker.state)
        let marks = [
            breaker.override.map { screen.paint($0.mode, .ordered) },
            breaker.unstable ? screen.paint("unstable", .warning) : nil,
        ].compactMap { $0 }.joined(separator: ", ")
        var line =
            screen.paint(breaker.name.printable, .strong) + "  " + screen.paint(state.text, state.style)
            + " for \(breaker.time(at: now))"
        if !marks.isEmpty { line += "  (\(marks))" }
        return [line, ""]
            + explanation.text.printable.wrapped(to: screen.width.map { min($0, Self.readable) - 2 }).map { "  " + $0 }
    }

    /// The maximum length of a line, because longer lines are hard to read.
    private static let readable = 100

    private func facts(_ screen: Screen) -> [String] {
        var facts: [(String, String)] = [
            ("since", moment(breaker.since)), ("generation", "\(breaker.generation)"),
        ]
        if let instant = explanation.notClosedSince { facts.insert(("not closed since", moment(instant)), at: 1) }
        if let override = breaker.override {
            let end =
                override.expiresAt.map { "ends in \(remaining(until: $0, at: now))" } ?? "in force until cleared"
            facts.append(("override", "\(override.mode) by \(override.actor): \(override.reason) (\(end))"))
        }
        if breaker.openingsLastHour > 0 { facts.append(("openings", "\(breaker.openingsLastHour) in the last hour")) }
        if breaker.probes.lost > 0 { facts.append(("probes lost", "\(breaker.probes.lost)")) }
        facts.append(("last seen", breaker.lastSeenAt.map(moment) ?? "never"))
        return Self.pairs(facts, on: screen)
    }

    private func next(_ screen: Screen) -> [String] {
        guard !explanation.next.isEmpty else { return [] }
        let rows = explanation.next.map { event in
            (event.inMs.map { "in \(LengthText.remaining(ms: $0))" } ?? "", event.detail)
        }
        return title("Next", screen) + Self.pairs(rows, on: screen)
    }

    private func rules(_ screen: Screen) -> [String] {
        guard !breaker.rules.isEmpty else { return [] }
        return title("Rules", screen)
            + Self.pairs(breaker.rules.map { ($0.field, $0.observed == nil ? "no calls yet" : $0.long) }, on: screen)
    }

    private func failures(_ screen: Screen) -> [String] {
        guard !explanation.failures.isEmpty else { return [] }
        let narrower = Screen(width: screen.width.map { $0 - 2 }, hasColors: screen.hasColors)
        let heading = breaker.state == "closed" ? "Failures since it closed" : "Failures that led to this state"
        return title(heading, screen)
            + FailureListing.lines(explanation.failures, at: now, on: narrower).map { "  " + $0 }
    }

    private func timeline(_ screen: Screen) -> [String] {
        guard !transitions.isEmpty else { return [] }
        let narrower = Screen(width: screen.width.map { $0 - 2 }, hasColors: screen.hasColors)
        return title("Last transitions", screen)
            + TransitionListing.lines(transitions, on: narrower).map { "  " + $0 }
    }

    private func advice(_ screen: Screen) -> [String] {
        guard !explanation.advice.isEmpty else { return [] }
        return title("Advice", screen)
            + Self.pairs(explanation.advice.map { ($0.field, "\($0.change): \($0.detail)") }, on: screen)
    }

    /// The policy. Fields that differ from the built-in default are highlighted.
    private func policy(_ screen: Screen) -> [String] {
        var table = TextTable([.init("FIELD"), .init("VALUE", isNumber: true), .init("", least: 4)])
        for field in PolicyField.allCases {
            guard let value = breaker.policy.values[field.rawValue] else { continue }
            let isDefault = value == field.defaultValue.asDecimal
            table.rows.append([
                TextTable.Cell(field.rawValue, isDefault ? .faint : .plain),
                TextTable.Cell(value.map(NumberText.plain) ?? "off", isDefault ? .faint : .strong),
                TextTable.Cell(PolicyWords.reading(of: field, value) ?? "", .faint),
            ])
        }
        let lines = table.lines(on: screen).dropFirst().map { "  " + $0 }
        return title("Policy (\(breaker.policySource.printable))", screen) + lines
    }

    private func title(_ text: String, _ screen: Screen) -> [String] { [screen.paint(text, .strong)] }

    private func moment(_ instant: Instant) -> String {
        "\(TimestampText.seconds(instant)) (\(age(of: instant, at: now)) ago)"
    }

    private static func pairs(_ pairs: [(String, String)], on screen: Screen) -> [String] {
        var table = TextTable([.init("", least: 8), .init("", least: 16)])
        table.rows = pairs.map { [TextTable.Cell($0.0, .faint), TextTable.Cell($0.1)] }
        table.wrapsLast = true
        let narrower = Screen(width: screen.width.map { $0 - 2 }, hasColors: screen.hasColors)
        return table.lines(on: narrower).dropFirst().map { "  " + $0 }
    }
}

extension ExplanationDocument.Advice {
    /// "60000 → 120000".
    fileprivate var change: String {
        [current, suggested].map { $0.map(NumberText.plain) ?? "off" }.joined(separator: " → ")
    }
}

extension BreakerDocument.Rule {
    /// "4 of 5 in a row", "30 of 50 % failed (8 of 10 required calls)".
    var long: String {
        let text = short.replacingOccurrences(of: "/", with: " of ")
        guard let calls, let minimumCalls else { return text }
        return text + (calls < minimumCalls ? " (\(calls) of \(minimumCalls) required calls)" : " (\(calls) calls)")
    }
}
