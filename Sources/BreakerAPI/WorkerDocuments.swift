package import BreakerCore

// The answers to workers. They are the most frequent documents, so each is written by a method of its own, which is
// faster.

/// The answer to an acquire.
package struct DecisionDocument: Document {
    package static let writesNull = false

    package var allowed: Bool
    /// `closed`, `open` or `half_open`.
    package var state: String
    /// The permit that the report of the call carries back; absent if the call is denied.
    package var permit: String?
    /// How long a probe's permit stays valid, in milliseconds, counted from sending the acquire.
    package var leaseMs: Int64?
    /// Whether the breaker would deny the call if it were not in shadow.
    package var wouldDeny: Bool?
    /// The breaker's generation if the call is denied; otherwise the permit contains it. Older servers omit this field.
    package var generation: Int64?
    /// Milliseconds until another acquire may be allowed; absent if only an operator can end the denial.
    package var retryAfterMs: Int64?

    package init(_ decision: Decision) {
        switch decision {
        case .allowed(let permit, let state, let leaseMs, let wouldDeny):
            allowed = true
            self.state = state.rawValue
            self.permit = permit.description
            self.leaseMs = leaseMs
            self.wouldDeny = wouldDeny ? true : nil
        case .denied(let state, let generation, let retryAfterMs):
            allowed = false
            self.state = state.rawValue
            self.generation = generation
            self.retryAfterMs = retryAfterMs
        }
    }

    package func write(into bytes: inout [UInt8]) {
        bytes.append(allowed ? #"{"allowed":true,"state":""# : #"{"allowed":false,"state":""#)
        bytes.append(contentsOf: state.utf8)
        bytes.append("\"")
        if let permit {
            bytes.append(#","permit":""#)
            bytes.append(contentsOf: permit.utf8)
            bytes.append("\"")
        }
        if let leaseMs { bytes.append(#","lease_ms":"#, leaseMs) }
        if let wouldDeny { bytes.append(wouldDeny ? #","would_deny":true"# : #","would_deny":false"#) }
        if let generation { bytes.append(#","generation":"#, generation) }
        if let retryAfterMs { bytes.append(#","retry_after_ms":"#, retryAfterMs) }
        bytes.append("}")
    }

    enum CodingKeys: String, CodingKey {
        case allowed, state, permit
        case leaseMs = "lease_ms"
        case wouldDeny = "would_deny"
        case generation
        case retryAfterMs = "retry_after_ms"
    }
}

/// The answer to a report, alone or as the result of an item of a batch.
package struct ReportAnswerDocument: Document {
    package static let writesNull = false

    package var applied: Bool
    /// Why the report changed nothing.
    package var reason: String?
    /// The state after the event.
    package var state: String
    /// The generation after the event; 0 if the breaker does not exist. Older servers omit this field.
    package var generation: Int64?
    /// How many of the report's outcomes were applied; present if its count is more than 1.
    package var counted: Int?
    /// Whether this repeats the answer to the first report with this id.
    package var duplicate: Bool?

    package init(_ answer: ReportAnswer, of report: Report) {
        applied = answer.refusal == nil
        reason = answer.refusal?.rawValue
        state = answer.state.rawValue
        generation = answer.generation
        counted = report.count > 1 ? answer.counted : nil
        duplicate = answer.isDuplicate ? true : nil
    }

    /// Appends an answer as a document. A batch has many answers, and this is faster than making a document for each.
    package static func write(_ answer: ReportAnswer, of report: Report, into bytes: inout [UInt8]) {
        if let refusal = answer.refusal {
            bytes.append(#"{"applied":false,"reason":""#)
            bytes.append(contentsOf: refusal.rawValue.utf8)
            bytes.append("\"")
        } else {
            bytes.append(#"{"applied":true"#)
        }
        switch answer.state {
        case .closed: bytes.append(#","state":"closed""#)
        case .open: bytes.append(#","state":"open""#)
        case .halfOpen: bytes.append(#","state":"half_open""#)
        }
        bytes.append(#","generation":"#, answer.generation)
        if report.count > 1 { bytes.append(#","counted":"#, Int64(answer.counted)) }
        bytes.append(answer.isDuplicate ? #","duplicate":true}"# : "}")
    }
}

extension [UInt8] {
    package mutating func append(_ text: StaticString) {
        append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    /// Appends a JSON string. Quotation marks, backslashes and control characters are escaped, as RFC 8259 section 7
    /// requires.
    mutating func append(escaping text: String) {
        append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"):
                append(UInt8(ascii: "\\"))
                append(byte)
            case 0..<0x20:
                append("\\u00")
                append(contentsOf: byte.hexadecimal.utf8)
            default: append(byte)
            }
        }
        append(UInt8(ascii: "\""))
    }

    package mutating func append(_ text: StaticString, _ number: Int64) {
        append(text)
        append(decimal: number)
    }

    /// Faster than the digits of a `String`.
    package mutating func append(decimal number: Int64) {
        if number < 0 { append(UInt8(ascii: "-")) }
        var (low, rest) = (count, number.magnitude)
        repeat {
            append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10))
            rest /= 10
        } while rest > 0
        var high = count - 1
        while low < high {
            swapAt(low, high)
            (low, high) = (low + 1, high - 1)
        }
    }
}

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

/// How many calls of a breaker a client decided itself, since its last request.
package struct DecisionCountDocument: Document {
    package static let writesNull = false

    package var name: String
    /// 0 to 1 000 000.
    package var allowed: Int64
    /// 0 to 1 000 000.
    package var denied: Int64
    /// The time between the last of the decisions and the request, in milliseconds; 0 if absent.
    package var ageMs: Int64?

    package init(name: String, allowed: Int64, denied: Int64, ageMs: Int64? = nil) {
        self.name = name
        self.allowed = allowed
        self.denied = denied
        self.ageMs = ageMs
    }

    enum CodingKeys: String, CodingKey {
        case name, allowed, denied
        case ageMs = "age_ms"
    }
}

/// A request with a batch of reports, with counts of decisions, or with both.
package struct ReportsDocument: Document {
    package static let writesNull = false

    package var reports: [ReportDocument]?
    package var decisions: [DecisionCountDocument]?

    package init(reports: [ReportDocument]? = nil, decisions: [DecisionCountDocument]? = nil) {
        self.reports = reports
        self.decisions = decisions
    }
}

/// The answer to a batch of reports and counts of decisions.
package struct ReportsAnswerDocument: Document {
    package static let writesNull = false

    /// The error of one item.
    package struct Fault: Codable, Hashable, Sendable {
        /// A ``ProblemCode``, or a code that a later version adds.
        package var code: String
        package var detail: String

        package init(_ code: ProblemCode, _ detail: String) {
            self.code = code.rawValue
            self.detail = detail
        }

        /// Appends an item with only this error.
        fileprivate func writeItem(into bytes: inout [UInt8]) {
            bytes.append(#"{"error":{"code":"#)
            bytes.append(escaping: code)
            bytes.append(#","detail":"#)
            bytes.append(escaping: detail)
            bytes.append("}}")
        }
    }

    /// The result of a count of decisions: `counted`, or an error.
    package struct CountResult: Document {
        package static let writesNull = false

        package var counted: Bool?
        package var error: Fault?

        package static let counted = CountResult(counted: true)

        package init(error: Fault) { self.error = error }

        private init(counted: Bool) { self.counted = counted }

        package func write(into bytes: inout [UInt8]) {
            if let error { error.writeItem(into: &bytes) } else { bytes.append(#"{"counted":true}"#) }
        }
    }

    /// The result of one report: the members of its ``ReportAnswerDocument``, or its error.
    package struct Result: Document {
        package static let writesNull = false

        package var applied: Bool?
        package var reason: String?
        package var state: String?
        package var generation: Int64?
        package var counted: Int?
        package var duplicate: Bool?
        package var error: Fault?

        package init(error code: ProblemCode, _ detail: String) {
            error = Fault(code, detail)
        }

        package func write(into bytes: inout [UInt8]) {
            if let error { error.writeItem(into: &bytes) } else { DocumentWriter.write(self, into: &bytes) }
        }
    }

    /// How many outcomes were applied.
    package var accepted: Int
    /// In the order of the reports.
    package var results: [Result]
    /// In the order of the counts of decisions; absent if the request has none.
    package var decisions: [CountResult]?
}
