import BreakerAPI
import BreakerCore
import BreakerEngine

/// The members of a report in a batch.
enum ReportMember: Int, CaseIterable, MemberName {
    case name, outcome, permit, durationMs, ageMs, kind, detail, reporter, reportID, count

    init?(_ key: UnsafeBufferPointer<UInt8>) {
        guard let first = key.first else { return nil }
        let (candidate, written): (ReportMember, StaticString)
        switch (key.count, Unicode.Scalar(first)) {
        case (4, "n"): (candidate, written) = (.name, "name")
        case (4, "k"): (candidate, written) = (.kind, "kind")
        case (5, "c"): (candidate, written) = (.count, "count")
        case (6, "p"): (candidate, written) = (.permit, "permit")
        case (6, "a"): (candidate, written) = (.ageMs, "age_ms")
        case (6, "d"): (candidate, written) = (.detail, "detail")
        case (7, "o"): (candidate, written) = (.outcome, "outcome")
        case (8, "r"): (candidate, written) = (.reporter, "reporter")
        case (9, "r"): (candidate, written) = (.reportID, "report_id")
        case (11, "d"): (candidate, written) = (.durationMs, "duration_ms")
        default: return nil
        }
        for offset in 1..<key.count where key[offset] != written.utf8Start[offset] { return nil }
        self = candidate
    }
}

/// The values of one report's members. A text is kept as its position in the request's body; an absent member is
/// `null`.
struct ReportItem: ReportFields {
    private let bytes: [UInt8]
    private var values = [JSONCursor.Value](repeating: .null, count: ReportMember.allCases.count)

    init(in bytes: [UInt8]) { self.bytes = bytes }

    /// Clears all members for the next report.
    mutating func clear() {
        for index in values.indices { values[index] = .null }
    }

    subscript(member: ReportMember) -> JSONCursor.Value {
        get { values[member.rawValue] }
        set { values[member.rawValue] = newValue }
    }

    func text(_ field: String) throws(Problem) -> String? {
        switch self[field] {
        case .text(let text): return text.string(in: bytes)
        case .null: return nil
        case let value: throw .invalid(field, "must be a string, not \(value.kindInWords)")
        }
    }

    func integer(_ field: String) throws(Problem) -> Int64? {
        switch self[field] {
        case .integer(let value): return value
        case .decimal(let value):
            guard let whole = Int64(exactly: value) else { throw .invalid(field, "must be a whole number") }
            return whole
        case .null: return nil
        case let value: throw .invalid(field, "must be a whole number, not \(value.kindInWords)")
        }
    }

    private subscript(field: String) -> JSONCursor.Value {
        guard let member = field.utf8.withContiguousStorageIfAvailable({ ReportMember($0) }) ?? nil else {
            preconditionFailure("a report has no member \(field)")
        }
        return self[member]
    }
}
