import BreakerCore
import CoreSupport
import TestSupport

extension Trial {
    /// Checks what holds of every breaker after every event.
    mutating func watch(_ before: Bench) throws(Violation) {
        try watchRevisions(before)
        let loaded = bench.breaker.reloaded
        try require(loaded == bench.breaker, "what is loaded is not what was saved")
        if let loaded, random.below(2) == 0 { bench.breaker = loaded }
        let lazy = bench
        bench.advance()
        defer { bench = lazy }
        let summary = lazy.breaker.summary.preview(at: bench.now)
        try require(summary == lazy.breaker.preview(at: bench.now).summary, "an summary is previewed as \(summary)")
        let due = lazy.breaker.nextDue.map { $0 <= bench.now } ?? false
        try require(due || lazy.breaker.summary == summary, "an summary changes, and nothing is due")
        recount.follow(bench.breaker)
        try watchState()
        try watchCounts()
        try watchStanding()
    }

    private func watchRevisions(_ before: Bench) throws(Violation) {
        let changes = bench.journal.changes.dropFirst(before.journal.changes.count)
        let revisions = changes.map(\.revision)
        let expected = Array(before.journal.revision + 1..<before.journal.revision + 1 + Int64(changes.count))
        try require(revisions == expected, "revisions are \(revisions), not \(expected)")
        try require(bench.journal.revision == before.journal.revision + Int64(changes.count), "a revision is lost")
        try require(bench.breaker.generation >= before.breaker.generation, "the generation falls")
        guard bench.breaker.generation != before.breaker.generation else { return }
        try require(revisions.contains(bench.breaker.generation), "the generation is none of the revisions taken")
        try require(bench.breaker.since <= bench.now, "the generation begins in the future")
    }

    private func watchState() throws(Violation) {
        let breaker = bench.breaker
        let mode = breaker.override?.mode
        try require(mode != .forceClosed || breaker.state == .closed, "forced closed, and not closed")
        try require(mode != .forceOpen || breaker.state == .open, "forced open, and not open")
        try require(breaker.nextDue.map { bench.now < $0 } ?? true, "something is due still")
        let outage = breaker.notClosedSince
        try require((outage == nil) == (breaker.state == .closed), "closed in an outage, or not closed without one")
        try require(outage.map { $0 <= breaker.since } ?? true, "the outage begins after the state")
        guard breaker.state == .open else { return }
        try require((breaker.openUntil == nil) == (mode == .forceOpen), "open without an end, or forced with one")
        guard let until = breaker.openUntil else { return }
        let lastsMs = breaker.since.milliseconds(until: until)
        try require(bench.now < until && lastsMs == breaker.backOff?.lastOpenMs, "open outlasts its duration")
    }

    private func watchCounts() throws(Violation) {
        let progress = bench.breaker.progress(at: bench.now)
        try require(progress == 0 || bench.breaker.mayHaveProgress, "an unexpected progress of \(progress)")
        let counts =
            bench.breaker.state == .closed ? recount.counts(at: bench.now, policy: bench.breaker.policy) : .zero
        try require(bench.counts == counts, "the window has \(bench.counts), a recount \(counts)")
        let streak = bench.breaker.state == .closed ? recount.streak : 0
        try require(Int(bench.breaker.consecutiveFailures) == streak, "a recount finds a streak of \(streak)")
    }

    /// Checks that the prepared answer, until it ends, gives the same answer as the breaker or refers to the breaker.
    private mutating func watchStanding() throws(Violation) {
        let preparedAnswer = bench.breaker.preparedAnswer
        let instant = sample(until: preparedAnswer.until)
        var asked = bench
        asked.now = instant
        let decision = asked.acquire()
        switch preparedAnswer.answer {
        case .ask: try require(decision.probe != nil, "the prepared answer asks, and at \(instant) it was \(decision)")
        case .allow, .deny:
            let answer = preparedAnswer.decision(at: instant)
            try require(answer == decision, "at \(instant) the prepared answer has \(answer as Any), not \(decision)")
            try require(
                asked.breaker == bench.breaker,
                "an acquire at \(instant), within the prepared answer, changes something"
            )
        }
        guard preparedAnswer.until != .distantFuture else { return }
        try require(preparedAnswer.decision(at: preparedAnswer.until) == nil, "the prepared answer answers at its end")
        var ended = bench
        ended.now = preparedAnswer.until
        ended.advance()
        try require(ended.breaker != bench.breaker, "nothing happens at the end of the prepared answer")
    }
}
