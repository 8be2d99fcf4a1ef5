import BreakerAPI
import BreakerCore
import BreakerEngine
import BreakerStorage
import Foundation

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

#if os(Linux)
    /// The kernel's figures about this process.
    struct ProcessReading: Sendable {
        var cpuSeconds: Double
        var residentBytes: Int
        var virtualBytes: Int
        var openDescriptors: Int
        var maximumDescriptors: UInt64
        /// Seconds since 1970.
        var startSeconds: Double

        /// - Returns: `nil` where `/proc` is absent or has an unexpected form.
        init?() {
            // The fields after the name, which may contain spaces and parentheses. The first is field 3 of
            // proc_pid_stat(5).
            guard let fields = Self.text("/proc/self/stat")?.split(separator: ")").last?.split(separator: " "),
                fields.count > 21,
                let user = Double(fields[11]), let system = Double(fields[12]), let start = Double(fields[19]),
                let virtualBytes = Int(fields[20]), let residentPages = Int(fields[21]),
                let boot = Self.bootSeconds
            else { return nil }
            let ticks = Double(sysconf(Int32(_SC_CLK_TCK)))
            cpuSeconds = (user + system) / ticks
            startSeconds = boot + start / ticks
            self.virtualBytes = virtualBytes
            residentBytes = residentPages * sysconf(Int32(_SC_PAGESIZE))
            let descriptors = try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")
            // Without the descriptor that reads the folder.
            openDescriptors = max(0, (descriptors?.count ?? 0) - 1)
            var limit = rlimit()
            _ = getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
            maximumDescriptors = UInt64(limit.rlim_cur)
        }

        /// The start of the machine, in seconds since 1970. It is read once, because it changes when the clock is set.
        private static let bootSeconds: Double? = text("/proc/stat")?.split(separator: "\n")
            .first { $0.hasPrefix("btime ") }.flatMap { Double($0.dropFirst("btime ".count)) }

        private static func text(_ path: String) -> String? {
            guard let file = FileHandle(forReadingAtPath: path), let data = try? file.readToEnd() else { return nil }
            return String(decoding: data, as: UTF8.self)
        }
    }
#endif
