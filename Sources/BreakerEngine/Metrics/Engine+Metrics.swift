package import BreakerCore
import BreakerStorage
package import BreakerText

/// Measurements of one breaker as of one instant, after every change that is due.
package struct BreakerReading: Sendable {
    package struct OverrideReading: Sendable {
        package var mode: Override.Mode
        package var since: Instant
        /// `nil` if the override is in force until it is cleared.
        package var expiresAt: Instant?
    }

    package var name: BreakerName
    package var state: State
    package var generation: Int64
    package var openingsLastHour: Int
    package var override: OverrideReading?
    package var decisions = DecisionCounts()
    package var reports: ReportTally
    package var refusedReports: [Explanation.RefusedReports] = []
    package var transitions: [TransitionTally]
    /// The rules that are on. Any of them trips the breaker.
    package var rules: [Cause]

    init(_ breaker: Breaker, reports: ReportTally, transitions: [TransitionTally], at now: Instant) {
        name = breaker.name
        state = breaker.state
        generation = breaker.generation
        openingsLastHour = breaker.openings(inHourBefore: now)
        override = breaker.override.map {
            OverrideReading(mode: $0.mode, since: $0.since, expiresAt: $0.expiresAt)
        }
        self.reports = reports
        self.transitions = transitions
        rules = Rule.on(in: breaker.policy).map(\.cause)
    }
}

/// Measurements of the breakers that a client may see: of up to `limit` breakers one by one, and the totals of all.
package struct PanelReading: Sendable {
    /// The breakers that need attention first: overridden, open, half open, closed; each group by name.
    package var breakers: [BreakerReading]
    /// How many breakers are in each state, including those left out.
    package var totals: BreakerList.Totals
    package var limit: Int

    package var leftOut: Int { max(0, totals.total - limit) }
}

/// Measurements of the writer and of the store.
package struct WriterReading: Sendable {
    package var meter: WriterMeter
    /// How many commands wait.
    package var queueDepth: Int
    /// How long the oldest unanswered command has waited, in milliseconds.
    package var lagMs: Int64
    package var isStorageFailing: Bool
    /// The sizes of the database and of its log, in bytes; `nil` if the store does not report them.
    package var databaseBytes: Int64?
    package var logBytes: Int64?
}

extension Engine {
    /// Measurements of the breakers that are visible to a client.
    ///
    /// The breakers are selected from the panel's image. The writer is then asked for those that are reported one by
    /// one, some at a time, between two batches. Scrapes take turns, so that no batch waits for more than that.
    ///
    /// - Parameter limit: how many breakers to report one by one.
    /// - Returns: `nil` if the writer does not answer in time, or while a failed batch cannot be undone. This is not an
    ///   error, because an operator needs the other metrics most at such a time.
    package func panelReading(visible scope: NameScope, limit: Int) async -> PanelReading? {
        let (readings, reading) = AsyncStream.makeStream(of: PanelReading?.self)
        let read = Task { reading.yield(try? await readPanel(scope, limit: limit)) }
        let patience = Task {
            try await Task.sleep(for: .milliseconds(configuration.commandDeadlineMs))
            reading.yield(nil)
        }
        defer {
            read.cancel()
            patience.cancel()
        }
        for await reading in readings { return reading }
        return nil
    }

    private func readPanel(_ scope: NameScope, limit: Int) async throws(EngineError) -> PanelReading {
        try await scrapeTurns.run { () throws(EngineError) in
            let (positions, totals) = try await onStatusThread { [self] in
                let (panel, now) = (panelImage(), clock.now())
                let positions = panel.byAttention(
                    BreakerFilter(),
                    prefix: scope.commonPrefix,
                    visible: scope,
                    after: nil,
                    limit: limit,
                    at: now,
                    progress: { _ in 0 }
                )
                return (positions, panel.totals(prefix: scope.commonPrefix, visible: scope, at: now))
            }
            var breakers = try await read(positions.map(\.name)) { working, index, now in
                let breaker = working.breakers[index].preview(at: now)
                return BreakerReading(
                    breaker,
                    reports: working.reportTallies[index],
                    transitions: working.transitionTallies[breaker.id],
                    at: now
                )
            }
            for (index, tally) in panel.decisions(breakers.map(\.name)).enumerated() {
                breakers[index].decisions = tally
                breakers[index].refusedReports = refusedReports[breakers[index].name]
            }
            return PanelReading(breakers: breakers, totals: totals, limit: limit)
        }
    }

    package func writerReading() async -> WriterReading {
        let (depth, queuedMs) = queueReading
        let meter = writerMeter
        let oldestMs = [queuedMs, meter.deadlineInHandMs].compactMap { $0 }.min()
        let begunMs = oldestMs.map { $0 - configuration.commandDeadlineMs }
        let files = try? await onStatusThread { [reader] in reader.storedBytes() }
        return WriterReading(
            meter: meter,
            queueDepth: depth,
            lagMs: begunMs.map { max(0, clock.uptimeMs() - $0) } ?? 0,
            isStorageFailing: storageHealth.isFailing,
            databaseBytes: files?.database,
            logBytes: files?.log
        )
    }
}
