/// A report in JSON: a request of its own, or, with a name, an item of a batch.
package struct ReportDocument: Document {
    package static let writesNull = false

    /// The breaker's name, in a batch.
    package var name: String?
    /// `success`, `failure` or `ignored`.
    package var outcome: String
    package var permit: String?
    package var durationMs: Int64?
    /// The time between the end of the call and the sending of the report, in milliseconds, rounded down; 0 if absent.
    package var ageMs: Int64?
    package var kind: String?
    package var detail: String?
    package var reporter: String?
    package var reportID: String?
    /// How many calls in a row ended like this; 1 if absent.
    package var count: Int?

    package init(
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
package struct ReportsDocument: Document {
    package static let writesNull = false

    package var reports: [ReportDocument]

    package init(reports: [ReportDocument]) { self.reports = reports }
}

/// The answer to a batch of reports.
package struct ReportsAnswerDocument: Document {
    package static let writesNull = false

    /// The result of one report: the members of its ``ReportAnswerDocument``, or its error.
    package struct Result: Document {
        package static let writesNull = false

        package struct Fault: Codable, Hashable, Sendable {
            /// A ``ProblemCode``, or a code that a later version adds.
            package var code: String
            package var detail: String
        }

        package var applied: Bool?
        package var reason: String?
        package var state: String?
        package var generation: Int64?
        package var counted: Int?
        package var duplicate: Bool?
        package var error: Fault?

        package init(error code: ProblemCode, _ detail: String) {
            error = Fault(code: code.rawValue, detail: detail)
        }
    }

    /// How many outcomes were applied.
    package var accepted: Int
    /// In the order of the reports.
    package var results: [Result]
}
