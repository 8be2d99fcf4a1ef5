import BreakerCore
import BreakerStorage

/// What is measured of the writer and of what it writes.
package struct WriterReading: Sendable {
    package var meter: WriterMeter
    /// Commands that wait.
    package var queueDepth: Int
    /// How long the oldest command that is not answered has waited, in milliseconds.
    package var lagMs: Int64
    package var isStorageFailing: Bool
    /// Bytes of the database, and of its log; `nil` where the store does not tell.
    package var databaseBytes: Int64?
    package var logBytes: Int64?
}

extension Engine {
    /// What is measured of the breakers whose names begin with `prefix`. Which these are is read off the panel's image; of
    /// those that are told of one by one the writer is asked between two batches, some at a time. Scrapes take turns, so
    /// that no batch waits for more than that.
    ///
    /// - Parameter limit: how many breakers to tell of one by one.
    /// - Returns: `nil` where the writer has no answer in time, or the working copy is not what is stored: whoever
    ///   watches has to learn the rest above all then.
    package func panelReading(visiblePrefix prefix: String, limit: Int) async -> PanelReading? {
        let (readings, reading) = AsyncStream.makeStream(of: PanelReading?.self)
        let read = Task { reading.yield(try? await readPanel(prefix: prefix, limit: limit)) }
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

    private func readPanel(prefix: String, limit: Int) async throws(EngineError) -> PanelReading {
        try await scrapeTurns.run { () throws(EngineError) in
            let (places, totals) = try await onStatusThread { [self] in
                let (panel, now) = (panelImage(), clock.now())
                let places = panel.byAttention(
                    BreakerFilter(),
                    prefix: prefix,
                    after: nil,
                    limit: limit,
                    at: now,
                    progress: { _ in 0 }
                )
                return (places, panel.totals(prefix: prefix, at: now))
            }
            var breakers = try await read(places.map(\.name)) { working, place, now in
                let breaker = working[place].preview(at: now)
                return BreakerReading(
                    breaker,
                    reports: working.reportTallies[place],
                    transitions: working.transitionTallies[breaker.id],
                    at: now
                )
            }
            for (index, tally) in panel.decisions(breakers.map(\.name)).enumerated() {
                breakers[index].decisions = tally
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
