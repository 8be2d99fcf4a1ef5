import BreakerAPI
import BreakerCore
import BreakerEngine

/// The values of one report's members. A text is kept as its position in the request's body; an absent member is
/// `null`.
struct ReportItem: ReportFields {
    private let bytes: [UInt8]
    private var values = [JSONCursor.Value](repeating: .null, count: ReportField.allCases.count)

    init(in bytes: [UInt8]) { self.bytes = bytes }

    /// Clears all members for the next report.
    mutating func clear() {
        for index in values.indices { values[index] = .null }
    }

    subscript(field: ReportField) -> JSONCursor.Value {
        get { values[field.rawValue] }
        set { values[field.rawValue] = newValue }
    }

    func text(_ field: ReportField) throws(Problem) -> String? {
        switch self[field] {
        case .text(let text): return text.string(in: bytes)
        case .null: return nil
        case let value: throw .invalid(field.key, "must be a string, not \(value.kindInWords)")
        }
    }

    func integer(_ field: ReportField) throws(Problem) -> Int64? {
        switch self[field] {
        case .integer(let value): return value
        case .decimal(let value):
            guard let whole = Int64(exactly: value) else { throw .invalid(field.key, "must be a whole number") }
            return whole
        case .null: return nil
        case let value: throw .invalid(field.key, "must be a whole number, not \(value.kindInWords)")
        }
    }

    func number(_ field: ReportField) throws(Problem) -> Double? {
        switch self[field] {
        case .integer(let value): return Double(value)
        case .decimal(let value): return value
        case .null: return nil
        case let value: throw .invalid(field.key, "must be a number, not \(value.kindInWords)")
        }
    }
}
