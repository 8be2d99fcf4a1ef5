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
    /// What is measured of the breakers whose names begin with `prefix`: taken between two batches, some at a time, so
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

    private func readPanel(prefix: String, limit: Int) async throws -> PanelReading {
        var reading = PanelReading(limit: limit)
        var last: BreakerName?
        repeat {
            try Task.checkCancellation()
            (reading, last) = try await writer.read { [reading, last] working, now throws(EngineError) in
                var reading = reading
                let last = working.read(
                    into: &reading,
                    prefix: prefix,
                    after: last,
                    atMost: Self.breakersAtATime,
                    at: now
                )
                return (reading, last)
            }
        } while last != nil
        reading.finish(decisions: panel.decisions)
        return reading
    }

    /// Less than half a millisecond of the writer's time.
    private static let breakersAtATime = 500

    package func writerReading() async -> WriterReading {
        let (depth, queued) = queueReading
        let meter = writerMeter
        let oldest = [queued, meter.deadlineInHand].compactMap { $0 }.min()
        let begun = oldest?.advanced(byMilliseconds: -configuration.commandDeadlineMs)
        let files = try? await onReaderThread { [reader] in reader.storedBytes() }
        return WriterReading(
            meter: meter,
            queueDepth: depth,
            lagMs: begun.map { max(0, $0.milliseconds(until: clock.now())) } ?? 0,
            isStorageFailing: storageHealth.isFailing,
            databaseBytes: files?.database,
            logBytes: files?.log
        )
    }
}

extension WorkingCopy {
    /// - Returns: the last breaker that was read; `nil` where there are no more behind it.
    fileprivate func read(
        into reading: inout PanelReading,
        prefix: String,
        after last: BreakerName?,
        atMost limit: Int,
        at now: Instant
    ) -> BreakerName? {
        let start = if let last { names.partitioningIndex { $0 > last } } else { placeOfFirstName(prefix: prefix) }
        for index in start..<min(start + limit, names.count) {
            guard names[index].value.hasPrefix(prefix) else { return nil }
            guard let place = place(of: names[index]) else { continue }
            let breaker = self[place].preview(at: now)
            reading.add(breaker) {
                BreakerReading(
                    breaker,
                    reports: reportTallies[place],
                    transitions: transitionTallies[breaker.id],
                    at: now
                )
            }
        }
        return start + limit < names.count ? names[start + limit - 1] : nil
    }

    private func placeOfFirstName(prefix: String) -> Int {
        names.partitioningIndex { $0.value >= prefix }
    }
}
