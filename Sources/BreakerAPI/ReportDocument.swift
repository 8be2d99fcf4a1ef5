/// A report in JSON: a request of its own, or, with a name, an item of a batch.
public struct ReportDocument: Codable, Hashable, Sendable {
    /// The breaker's name, in a batch.
    public var name: String?
    /// `success`, `failure` or `ignored`.
    public var outcome: String
    public var permit: String?
    public var durationMs: Int64?
    /// The time between the end of the call and the sending of the report, in milliseconds, rounded down; 0 if absent.
    public var ageMs: Int64?
    public var kind: String?
    public var detail: String?
    public var reporter: String?
    public var reportID: String?
    /// How many calls in a row ended like this; 1 if absent.
    public var count: Int?

    public init(
        name: String? = nil,
        outcome: String,
        permit: String? = nil,
        durationMs: Int64? = nil,
        ageMs: Int64? = nil,
        kind: String? = nil,
        detail: String? = nil,
        reporter: String? = nil,
        reportID: String? = nil,
        count: Int? = nil
    ) {
        self.name = name
        self.outcome = outcome
        self.permit = permit
        self.durationMs = durationMs
        self.ageMs = ageMs
        self.kind = kind
        self.detail = detail
        self.reporter = reporter
        self.reportID = reportID
        self.count = count
    }

    enum CodingKeys: String, CodingKey {
        case name, outcome, permit, kind, detail, reporter, count
        case durationMs = "duration_ms"
        case ageMs = "age_ms"
        case reportID = "report_id"
    }
}

/// A request with a batch of reports.
public struct ReportsDocument: Codable, Hashable, Sendable {
    public var reports: [ReportDocument]

    public init(reports: [ReportDocument]) { self.reports = reports }
}

/// The answer to a batch of reports.
public struct ReportsAnswerDocument: Codable, Hashable, Sendable {
    /// The result of one report: the members of its answer, or its error.
    public struct Result: Codable, Hashable, Sendable {
        public struct Fault: Codable, Hashable, Sendable {
            /// A ``ProblemCode``, or a code that a later version adds.
            public var code: String
            public var detail: String
        }

        public var applied: Bool?
        public var state: String?
        public var generation: Int64?
        public var reason: String?
        public var duplicate: Bool?
        public var counted: Int?
        public var error: Fault?
    }

    /// How many outcomes were applied.
    public var accepted: Int
    /// In the order of the reports.
    public var results: [Result]
}
