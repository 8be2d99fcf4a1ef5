import AsyncHTTPClient
import BreakerAPI
import Logging
import NIOCore
import Synchronization

extension Fusebox {
    /// Follows the server's changes until the task is cancelled, and reconnects when a connection ends.
    func followChanges() async {
        var reader = StreamReader(panel: panel)
        var failures = 0
        defer { streamIsNotExpected() }
        while !Task.isCancelled {
            let startNs = clock.nowNs()
            reader = await followUntilSilence(reader)
            streamBroke()
            // A connection that breaks off shortly after it began counts as a failure.
            failures = clock.nowNs() - startNs > Self.longestBreakNs ? 1 : failures + 1
            let pauseNs = Reachability.pauseNs(
                afterFailures: failures - 1,
                longest: Self.longestBreakNs,
                jitter: .random(in: 0...1)
            )
            guard (try? await clock.sleep(forNs: pauseNs)) != nil else { return }
        }
    }

    /// Well below the default staleness bound, so that a restart of the server does not make the panel stale.
    private static let longestBreakNs: Int64 = 1_000 * nsPerMs

    /// Follows one connection until it ends or is silent for too long.
    private func followUntilSilence(_ reader: StreamReader) async -> StreamReader {
        readNs.store(clock.nowNs(), ordering: .relaxed)
        return await withTaskGroup(of: StreamReader?.self) { group in
            group.addTask { await self.follow(reader) }
            group.addTask {
                await self.waitForSilence()
                return nil
            }
            var followed = await group.next() ?? nil
            group.cancelAll()
            if let last = await group.next() ?? nil { followed = last }
            guard let followed else { preconditionFailure("a connection ended without returning its reader") }
            return followed
        }
    }

    private func follow(_ reader: StreamReader) async -> StreamReader {
        var reader = reader
        reader.begin(atNs: clock.nowNs())
        var hasBegun = false
        do {
            let stream = try await client.follow(after: reader.position, heartbeatMs: heartbeatMs)
            for try await bytes in stream.body {
                let nowNs = clock.nowNs()
                readNs.store(nowNs, ordering: .relaxed)
                let asOfNs = try reader.read(bytes, atNs: nowNs)
                for (name, transition) in reader.transitions { logTransition(of: name, transition) }
                if let asOfNs, asOfNs > confirmedNs.load(ordering: .relaxed) {
                    confirmedNs.store(asOfNs, ordering: .releasing)
                }
                if !hasBegun, reader.position != nil {
                    hasBegun = true
                    streamBegan()
                }
                policyRequests.continuation.yield()
            }
            log(.debug, "fusebox ended the stream of changes")
        } catch let error as FuseboxError where error.isRefusal {
            // A server of an earlier version does not accept an epoch.
            reader.forgetPosition()
            let isFirst = !hasStreamBeenRefused.exchange(true, ordering: .relaxed)
            log(
                isFirst ? .error : .debug,
                "fusebox refused the stream of changes, so it is asked for each decision",
                ["error": "\(error)"]
            )
        } catch {
            log(.debug, "the stream of changes was interrupted", ["error": "\(error)"])
        }
        return reader
    }

    private func logTransition(of name: String, _ transition: ChangeDocument.Transition) {
        log(
            .info,
            "a breaker changed its state",
            ["breaker": name, "from": transition.from, "to": transition.to, "reason": transition.detail]
        )
    }

    private func waitForSilence() async {
        while true {
            let restNs = readNs.load(ordering: .relaxed) + silenceNs - clock.nowNs()
            guard restNs > 0, (try? await clock.sleep(forNs: restNs)) != nil else { return }
        }
    }

    /// The interval of heartbeats: a fifth of the staleness bound, so that one late heartbeat does not make the panel
    /// stale; 500 to 60 000, the range that the server accepts.
    private var heartbeatMs: Int64 { min(max(maxStalenessNs / nsPerMs / 5, 500), 60_000) }

    /// If two heartbeats in a row do not arrive, the stream is broken even if its connection is open.
    private var silenceNs: Int64 { heartbeatMs * nsPerMs * 5 / 2 }
}
