/// The families of metrics in a scrape, by their names.
enum MetricFamily: String, CaseIterable {
    // Each breaker, up to the number of `metrics_breakers`.
    case breakerState = "fusebox_breaker_state"
    case breakerGeneration = "fusebox_breaker_generation"
    case breakerOpeningsLastHour = "fusebox_breaker_openings_last_hour"
    case decisions = "fusebox_decisions_total"
    case reports = "fusebox_reports_total"
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
        case .breakerGeneration: "The number of the period that the breaker is in; it only grows."
        case .breakerOpeningsLastHour: "How often the breaker tripped within the last hour."
        case .decisions: "Answers to acquires, allowed or denied."
        case .reports: "Outcomes that workers reported and that are stored, by whether they changed the breaker."
        case .transitions: "Transitions of the breaker, by the state it went to and the cause."
        case .override: "An operator's override stands: always 1; there is no series where none does."
        case .overrideSince: "When the override was set."
        case .overrideExpires: "When the override ends by itself; there is no series where it does not."
        case .breakers: "Breakers in this state, of those left out of the series as well."
        case .breakersLeftOut: "Breakers without series of their own: there are more than metrics_breakers allows."
        case .writerQueueDepth: "Commands that wait for the writer."
        case .writerLag: "How long the oldest command that is not answered has waited; 0 where none waits."
        case .writerBatchSize: "Commands in a batch of the writer."
        case .writerCommit: "How long a transaction took, its sync included."
        case .writerFailedCommits: "Transactions that failed."
        case .storageFailing: "Whether the last transaction failed: 1 if so; what needs no write is still decided."
        case .evictedRows: "Rows that were deleted before their time because their table was full."
        case .databaseBytes: "Size of the database's file."
        case .walBytes: "Size of the write-ahead log's file."
        case .httpRequests: "Requests that were answered, by the route's template."
        case .httpConnections: "Connections that are open."
        case .authenticationFailures: "Requests without a sufficient token, and refused sign-ins, by the reason."
        case .buildInfo: "The version of the server: always 1."
        case .processCPU: "Processor time of the process, user and system."
        case .processResidentMemory: "Memory of the process that is in RAM."
        case .processVirtualMemory: "Address space of the process."
        case .processOpenDescriptors: "File descriptors that are open."
        case .processMaximumDescriptors: "File descriptors that may be open."
        case .processStart: "When the process started."
        }
    }
}
