/// The fields of a report. ``name``, of its breaker, is a field of a batch only.
enum ReportField: Int, CaseIterable, MemberName {
    case name, outcome, permit, durationMs, ageMs, kind, detail, reporter, reportID, count

    var key: String {
        switch self {
        case .name: "name"
        case .outcome: "outcome"
        case .permit: "permit"
        case .durationMs: "duration_ms"
        case .ageMs: "age_ms"
        case .kind: "kind"
        case .detail: "detail"
        case .reporter: "reporter"
        case .reportID: "report_id"
        case .count: "count"
        }
    }

    init?(_ key: UnsafeBufferPointer<UInt8>) {
        guard let first = key.first else { return nil }
        // The length and the first byte leave one field.
        let field: ReportField
        switch (key.count, Unicode.Scalar(first)) {
        case (4, "n"): field = .name
        case (4, "k"): field = .kind
        case (5, "c"): field = .count
        case (6, "p"): field = .permit
        case (6, "a"): field = .ageMs
        case (6, "d"): field = .detail
        case (7, "o"): field = .outcome
        case (8, "r"): field = .reporter
        case (9, "r"): field = .reportID
        case (11, "d"): field = .durationMs
        default: return nil
        }
        guard key.elementsEqual(field.key.utf8) else { return nil }
        self = field
    }
}
