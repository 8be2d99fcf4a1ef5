import BreakerAPI
import BreakerCore
import BreakerEngine
import BreakerStorage

/// The answer to one scrape.
struct MetricsPage: Sendable {
    /// `nil` where the writer did not answer; then there are no series of breakers.
    var panel: PanelReading?
    var writer: WriterReading
    var meters: HTTPMeters

    /// The text of the page. This takes a while for thousands of breakers.
    func bytes() -> [UInt8] {
        var page = Exposition()
        page.add(panel)
        page.add(writer)
        page.add(.httpRequests) { samples in
            for (request, count) in meters.requests {
                samples.add(
                    count,
                    ["route": request.route, "method": request.method, "status": String(request.status)]
                )
            }
        }
        page.add(.httpConnections) { $0.add(meters.connections) }
        page.add(.authenticationFailures) { samples in
            for (reason, count) in meters.authenticationFailures { samples.add(count, ["reason": reason.rawValue]) }
        }
        page.add(.buildInfo) { $0.add(1, ["version": BuildVersion.current]) }
        page.addProcess()
        return page.bytes
    }
}

extension Exposition {
    fileprivate mutating func add(_ writer: WriterReading) {
        add(.writerQueueDepth) { $0.add(writer.queueDepth) }
        add(.writerLag) { $0.add(Double(writer.lagMs) / 1_000) }
        add(.writerBatchSize) { $0.add(writer.meter.batchSize) }
        add(.writerCommit) { $0.add(writer.meter.commitSeconds) }
        add(.writerFailedCommits) { $0.add(writer.meter.failedCommits) }
        add(.storageFailing) { $0.add(writer.isStorageFailing ? 1 : 0) }
        add(.evictedRows) { samples in
            for table in Evictions.Table.allCases {
                samples.add(writer.meter.evictions[table].rows, ["table": table.rawValue])
            }
        }
        if let bytes = writer.databaseBytes { add(.databaseBytes) { $0.add(bytes) } }
        if let bytes = writer.logBytes { add(.walBytes) { $0.add(bytes) } }
    }

    fileprivate mutating func addProcess() {
        #if os(Linux)
            guard let process = ProcessReading() else { return }
            add(.processCPU) { $0.add(process.cpuSeconds) }
            add(.processResidentMemory) { $0.add(process.residentBytes) }
            add(.processVirtualMemory) { $0.add(process.virtualBytes) }
            add(.processOpenDescriptors) { $0.add(process.openDescriptors) }
            add(.processMaximumDescriptors) { $0.add(process.maximumDescriptors) }
            add(.processStart) { $0.add(process.startSeconds) }
        #endif
    }
}
