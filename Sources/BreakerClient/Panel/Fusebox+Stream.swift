import AsyncHTTPClient
import Logging
import NIOConcurrencyHelpers
import NIOCore
import Synchronization

extension Fusebox {
    /// Follows the server's changes for as long as the task is not cancelled, and connects again where that ends.
    func followChanges() async {
        var failures = 0
        var random = SystemRandomNumberGenerator()
        while !Task.isCancelled {
            if await followUntilSilence() { failures = 0 }
            isConnected.store(false, ordering: .relaxed)
            let pauseNs = min(Reachability.pauseNs(afterFailures: failures, random: &random), Self.longestBreakNs)
            failures += 1
            guard (try? await clock.sleep(forNs: pauseNs)) != nil else { return }
        }
    }

    /// Well below the staleness that is allowed, so that a restart of the server is not noticed.
    private static let longestBreakNs: Int64 = 1_000 * nsPerMs

    /// One connection, up to its end or until nothing comes for too long.
    /// - Returns: whether anything came.
    private func followUntilSilence() async -> Bool {
        readNs.store(clock.nowNs(), ordering: .relaxed)
        return await withTaskGroup(of: Bool?.self) { group in
            group.addTask { await self.follow() }
            group.addTask {
                await self.waitForSilence()
                return nil
            }
            let first = await group.next() ?? nil
            group.cancelAll()
            let second = await group.next() ?? nil
            return first ?? second ?? false
        }
    }

    /// - Returns: whether anything came.
    private func follow() async -> Bool {
        let behind = revision.withLockedValue { $0 }
        var reader = StreamReader(panel: panel, revision: behind)
        do {
            for try await bytes in try await client.follow(behind: behind, heartbeatMs: heartbeatMs).body {
                let nowNs = clock.nowNs()
                readNs.store(nowNs, ordering: .relaxed)
                let asOfNs = try reader.read(bytes, atNs: nowNs)
                revision.withLockedValue { $0 = reader.revision }
                if let asOfNs, asOfNs > heardNs.load(ordering: .relaxed) { heardNs.store(asOfNs, ordering: .releasing) }
                isConnected.store(true, ordering: .relaxed)
                hasStreamBeenRefused.store(false, ordering: .relaxed)
                serverAnswered()
                policyRequests.continuation.yield()
            }
            logger.debug("fusebox ended the stream of changes")
        } catch let error as FuseboxError where error.status < 500 {
            let isFirst = !hasStreamBeenRefused.exchange(true, ordering: .relaxed)
            let level: Logger.Level = isFirst ? .error : .debug
            logger.log(level: level, "fusebox tells no changes, so it is asked", metadata: ["error": "\(error)"])
        } catch {
            logger.debug("the stream of changes broke off", metadata: ["error": "\(error)"])
        }
        return reader.hasRead
    }

    private func waitForSilence() async {
        let patienceNs = max(maxStalenessNs, 2 * heartbeatMs * nsPerMs)
        while true {
            let restNs = readNs.load(ordering: .relaxed) + patienceNs - clock.nowNs()
            guard restNs > 0, (try? await clock.sleep(forNs: restNs)) != nil else { return }
        }
    }

    /// Three signs of life within the staleness that is allowed, as far as the server sends so many.
    private var heartbeatMs: Int64 { min(max(maxStalenessNs / nsPerMs / 3, 500), 60_000) }
}
