import BreakerEngine

/// The families of metrics in a scrape, by their names.
enum MetricFamily: String, CaseIterable {
    // Each breaker, up to the number of `metrics_breakers`.
    case breakerState = "fusebox_breaker_state"
    case breakerGeneration = "fusebox_breaker_generation"
    case breakerOpeningsLastHour = "fusebox_breaker_openings_last_hour"
    case decisions = "fusebox_decisions_total"
    case reports = "fusebox_reports_total"
    case refusedReports = "fusebox_refused_reports_total"
    case transitions = "fusebox_transitions_total"
    case override = "fusebox_override"
    case overrideSince = "fusebox_override_since_timestamp_seconds"
    case overrideExpires = "fusebox_override_expires_timestamp_seconds"
    // All breakers.
    case breakers = "fusebox_breakers"
    case breakersLeftOut = "fusebox_metrics_breakers_left_out"
    // The writer and its storage.
    case writerQueueDepth = "fusebox_writer_queue_depth"
    case writerLag = "fusebox_writer_lag_seconds"
    case writerBatchSize = "fusebox_writer_batch_size"
    case writerCommit = "fusebox_writer_commit_seconds"
    case writerFailedCommits = "fusebox_writer_failed_commits_total"
    case storageFailing = "fusebox_storage_failing"
    case evictedRows = "fusebox_evicted_rows_total"
    case databaseBytes = "fusebox_database_bytes"
    case walBytes = "fusebox_wal_bytes"
    // HTTP.
    case httpRequests = "fusebox_http_requests_total"
    case httpConnections = "fusebox_http_connections"
    case authenticationFailures = "fusebox_authentication_failures_total"
    // The program.
    case buildInfo = "fusebox_build_info"
    case processCPU = "process_cpu_seconds_total"
    case processResidentMemory = "process_resident_memory_bytes"
    case processVirtualMemory = "process_virtual_memory_bytes"
    case processOpenDescriptors = "process_open_fds"
    case processMaximumDescriptors = "process_max_fds"
    case processStart = "process_start_time_seconds"

    enum Kind: String {
        case counter, gauge, histogram
    }

    var kind: Kind {
        switch self {
        case .writerBatchSize, .writerCommit: .histogram
        case _ where rawValue.hasSuffix("_total"): .counter
        default: .gauge
        }
    }

    /// The help text: one sentence, for a reader who finds the name in a query.
    var help: String {
        switch self {
        case .breakerState: "Whether the breaker is in this state: 1 for one of the three, 0 for the others."
        case .breakerGeneration: "The breaker's generation: the revision that began its current period; it only grows."
        case .breakerOpeningsLastHour: "How many times the breaker tripped in the last hour."
        case .decisions: "Decisions for the breaker, allowed or denied."
        case .reports: "Reported outcomes that are stored, by whether the breaker applied them."
        case .refusedReports: "Reports that were refused because a field was invalid, by client and field."
        case .transitions: "Transitions of the breaker, by new state and cause."
        case .override: "1 while an override is in force; absent otherwise."
        case .overrideSince: "When the override was set."
        case .overrideExpires: "When the override expires; absent if it has no expiry."
        case .breakers: "Number of breakers in this state, including those left out of the series."
        case .breakersLeftOut: "Number of breakers without series, because there are more than metrics_breakers allows."
        case .writerQueueDepth: "Number of commands that wait for the writer."
        case .writerLag: "How long the oldest unanswered command has waited; 0 if no command waits."
        case .writerBatchSize: "Number of commands in a batch of the writer."
        case .writerCommit: "How long a transaction took, including its sync."
        case .writerFailedCommits: "Transactions that failed."
        case .storageFailing: "1 if the last transaction failed, 0 otherwise; decisions that need no write continue."
        case .evictedRows: "Rows that were deleted early because their table was full."
        case .databaseBytes: "Size of the database file."
        case .walBytes: "Size of the write-ahead log file."
        case .httpRequests: "Answered requests, by route template, method and status."
        case .httpConnections: "Open connections."
        case .authenticationFailures: "Insufficient tokens, refused sign-ins and refused certificates, by reason."
        case .buildInfo: "Always 1; the label is the version of the server."
        case .processCPU: "User and system CPU time of the process."
        case .processResidentMemory: "Resident memory of the process."
        case .processVirtualMemory: "Virtual memory of the process."
        case .processOpenDescriptors: "Number of open file descriptors."
        case .processMaximumDescriptors: "Maximum number of open file descriptors."
        case .processStart: "Start time of the process."
        }
    }
}

/// Writes metrics in Prometheus' text format, version 0.0.4
/// (https://prometheus.io/docs/instrumenting/exposition_formats/).
///
/// A family is written as a whole, with its `HELP` and `TYPE` before its samples, so no family is split.
struct Exposition {
    private(set) var bytes: [UInt8] = []

    /// The samples of one family.
    struct Samples {
        fileprivate let name: String
        fileprivate var bytes: [UInt8]

        mutating func add(_ value: some BinaryInteger, _ labels: KeyValuePairs<StaticString, String> = [:]) {
            add("", labels, String(value))
        }

        mutating func add(_ value: Double, _ labels: KeyValuePairs<StaticString, String> = [:]) {
            add("", labels, Exposition.text(value))
        }

        mutating func add(_ histogram: Histogram) {
            var below: UInt64 = 0
            for (bound, count) in zip(histogram.bounds + [.infinity], histogram.counts) {
                below += count
                add("_bucket", ["le": Exposition.text(bound)], String(below))
            }
            add("_sum", [:], Exposition.text(histogram.sum))
            add("_count", [:], String(below))
        }

        private mutating func add(
            _ suffix: StaticString,
            _ labels: KeyValuePairs<StaticString, String>,
            _ value: String
        ) {
            bytes += name.utf8
            bytes.append(text: suffix)
            for (index, label) in labels.enumerated() {
                bytes.append(text: index == 0 ? "{" : ",")
                bytes.append(text: label.key)
                bytes.append(text: "=\"")
                bytes.append(label: label.value)
                bytes.append(text: "\"")
            }
            bytes.append(text: labels.isEmpty ? " " : "} ")
            bytes += value.utf8
            bytes.append(text: "\n")
        }
    }

    mutating func add(_ family: MetricFamily, _ write: (inout Samples) -> Void) {
        bytes += "# HELP \(family.rawValue) ".utf8
        bytes.append(help: family.help)
        bytes += "\n# TYPE \(family.rawValue) \(family.kind.rawValue)\n".utf8
        // The bytes move to the samples and back, so that the samples of all families share one buffer.
        var samples = Samples(name: family.rawValue, bytes: bytes)
        bytes = []
        write(&samples)
        bytes = samples.bytes
    }

    /// The number as Go's parser reads it, in short form: `1`, not `1.0`.
    static func text(_ value: Double) -> String {
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        if value.isNaN { return "NaN" }
        let text = value.description
        return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
    }
}

extension [UInt8] {
    fileprivate mutating func append(text: StaticString) {
        append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    /// Appends a label's value, and escapes backslashes, quotation marks and line ends.
    fileprivate mutating func append(label text: String) {
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\\"): append(text: "\\\\")
            case UInt8(ascii: "\""): append(text: "\\\"")
            case UInt8(ascii: "\n"): append(text: "\\n")
            default: append(byte)
            }
        }
    }

    /// Appends a help text, and escapes backslashes and line ends.
    fileprivate mutating func append(help text: String) {
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\\"): append(text: "\\\\")
            case UInt8(ascii: "\n"): append(text: "\\n")
            default: append(byte)
            }
        }
    }
}
