import BreakerAPI
import BreakerCore

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
        // The length and the first byte leave one field. Its key is a constant again, because the bytes of a `String`
        // take longer to compare than all else here.
        let (field, name): (ReportField, StaticString)
        switch (key.count, Unicode.Scalar(first)) {
        case (4, "n"): (field, name) = (.name, "name")
        case (4, "k"): (field, name) = (.kind, "kind")
        case (5, "c"): (field, name) = (.count, "count")
        case (6, "p"): (field, name) = (.permit, "permit")
        case (6, "a"): (field, name) = (.ageMs, "age_ms")
        case (6, "d"): (field, name) = (.detail, "detail")
        case (7, "o"): (field, name) = (.outcome, "outcome")
        case (8, "r"): (field, name) = (.reporter, "reporter")
        case (9, "r"): (field, name) = (.reportID, "report_id")
        case (11, "d"): (field, name) = (.durationMs, "duration_ms")
        default: return nil
        }
        for offset in 1..<key.count where key[offset] != name.utf8Start[offset] { return nil }
        self = field
    }
}

/// The fields of a report in any format. Each is read as a string or as a number.
protocol ReportFields {
    /// - Returns: `nil` where the field is absent.
    func text(_ field: ReportField) throws(Problem) -> String?
    func integer(_ field: ReportField) throws(Problem) -> Int64?
    /// A number that may have a fraction.
    func number(_ field: ReportField) throws(Problem) -> Double?
}

extension Query: ReportFields {
    func text(_ field: ReportField) -> String? { self[field.key] }
    func integer(_ field: ReportField) throws(Problem) -> Int64? { try integer(field.key) }

    func integer(_ field: String) throws(Problem) -> Int64? {
        guard let text = self[field] else { return nil }
        guard let value = Int64(text), !text.hasPrefix("+") else {
            throw .invalid(field, "must be a whole number")
        }
        return value
    }

    func number(_ field: ReportField) throws(Problem) -> Double? {
        guard let text = self[field.key] else { return nil }
        // Most workers send only digits.
        if let value = Int64(text), !text.hasPrefix("+") { return Double(value) }
        guard let value = JSONCursor.number(text) else { throw .invalid(field.key, "must be a number") }
        return value
    }
}

/// The members of a JSON object. `null` counts as absent.
struct JSONFields: ReportFields {
    let object: JSON
    /// The prefix of a field's name in an error: `reports[3].`, or empty.
    let path: String

    init(_ object: JSON, at path: String) throws(Problem) {
        guard case .object = object else {
            let subject = path.isEmpty ? "body" : String(path.dropLast())
            throw .invalid(subject, "must be an object, not \(object.kindInWords)")
        }
        self.object = object
        self.path = path
    }

    init(body: [UInt8]) throws(Problem) {
        try self.init(try JSON(body: body), at: "")
    }

    func text(_ field: ReportField) throws(Problem) -> String? { try text(field.key) }
    func integer(_ field: ReportField) throws(Problem) -> Int64? { try integer(field.key) }

    func text(_ field: String) throws(Problem) -> String? {
        switch object[field] {
        case .string(let text): return text
        case nil, .null: return nil
        case .some(let value): throw .invalid(path + field, "must be a string, not \(value.kindInWords)")
        }
    }

    func integer(_ field: String) throws(Problem) -> Int64? {
        switch object[field] {
        case .integer(let value): return value
        case .decimal(let value):
            guard let whole = Int64(exactly: value) else { throw .invalid(path + field, "must be a whole number") }
            return whole
        case nil, .null: return nil
        case .some(let value): throw .invalid(path + field, "must be a whole number, not \(value.kindInWords)")
        }
    }

    func number(_ field: ReportField) throws(Problem) -> Double? {
        switch object[field.key] {
        case .integer(let value): return Double(value)
        case .decimal(let value): return value
        case nil, .null: return nil
        case .some(let value): throw .invalid(path + field.key, "must be a number, not \(value.kindInWords)")
        }
    }
}

extension Report {
    /// Reads and checks a report's fields. Unknown fields are ignored.
    ///
    /// - Parameter path: the prefix of a field's name in an error.
    init(_ fields: some ReportFields, at path: String) throws(Problem) {
        let outcome = try Self.outcome(of: fields, at: path)
        let permit = try Self.permit(of: fields, at: path)
        let durationMs = try Self.milliseconds(
            .durationMs,
            of: fields,
            at: path,
            in: Limits.durationMs,
            rounded: .toNearestOrAwayFromZero
        )
        // An age that is rounded up would put the end of the call before the breaker's beginning.
        let ageMs = try Self.milliseconds(.ageMs, of: fields, at: path, in: Limits.reportAgeMs, rounded: .down)
        let kind = try Self.text(.kind, of: fields, at: path, length: Limits.kindLength)
        let reporter = try Self.text(.reporter, of: fields, at: path, length: Limits.reporterLength)
        let id = try Self.id(of: fields, at: path)
        let count = try Self.count(of: fields, at: path, permit: permit)
        self.init(
            outcome,
            permit: permit,
            durationMs: durationMs,
            ageMs: ageMs ?? 0,
            kind: kind,
            detail: try fields.text(.detail),
            reporter: reporter,
            id: id,
            count: count
        )
    }

    private static func outcome(of fields: some ReportFields, at path: String) throws(Problem) -> Outcome {
        guard let text = try fields.text(.outcome) else {
            throw .invalid(path + "outcome", "is required: success, failure or ignored")
        }
        guard let outcome = Outcome(rawValue: text) else {
            throw .invalid(path + "outcome", "must be success, failure or ignored")
        }
        return outcome
    }

    private static func permit(of fields: some ReportFields, at path: String) throws(Problem) -> Permit? {
        guard let text = try fields.text(.permit) else { return nil }
        guard let permit = Permit(text) else { throw .invalid(path + "permit", "is not a permit") }
        return permit
    }

    private static func id(of fields: some ReportFields, at path: String) throws(Problem) -> String? {
        guard let id = try fields.text(.reportID) else { return nil }
        guard Limits.reportIDLength.contains(id.utf8.count), id.utf8.allSatisfy({ (0x21...0x7e).contains($0) }) else {
            throw .invalid(path + "report_id", "must be 1 to 64 visible ASCII characters")
        }
        return id
    }

    private static func count(
        of fields: some ReportFields,
        at path: String,
        permit: Permit?
    ) throws(Problem) -> Int {
        let range = Int64(Limits.reportCount.lowerBound)...Int64(Limits.reportCount.upperBound)
        let count = try integer(.count, of: fields, at: path, in: range) ?? 1
        guard count == 1 || permit?.lease == nil else {
            throw .invalid(path + "count", "must be 1: a probe's permit takes one outcome")
        }
        return Int(count)
    }

    private static func integer(
        _ field: ReportField,
        of fields: some ReportFields,
        at path: String,
        in range: ClosedRange<Int64>
    ) throws(Problem) -> Int64? {
        guard let value = try fields.integer(field) else { return nil }
        guard range.contains(value) else {
            throw .invalid(path + field.key, "must be \(range.lowerBound) to \(range.upperBound)")
        }
        return value
    }

    /// A length of time. The clocks of some languages give fractions of a millisecond.
    private static func milliseconds(
        _ field: ReportField,
        of fields: some ReportFields,
        at path: String,
        in range: ClosedRange<Int64>,
        rounded rule: FloatingPointRoundingRule
    ) throws(Problem) -> Int64? {
        guard let value = try fields.number(field) else { return nil }
        guard (Double(range.lowerBound)...Double(range.upperBound)).contains(value) else {
            throw .invalid(path + field.key, "must be \(range.lowerBound) to \(range.upperBound)")
        }
        return Int64(value.rounded(rule))
    }

    /// A text of bounded length; an empty text counts as absent. The length is in code points, because a grapheme
    /// cluster may have any number of them.
    private static func text(
        _ field: ReportField,
        of fields: some ReportFields,
        at path: String,
        length: Int
    ) throws(Problem) -> String? {
        guard let text = try fields.text(field), !text.isEmpty else { return nil }
        // A text never has more code points than bytes. Most texts are short enough in bytes already.
        guard text.utf8.count <= length || text.unicodeScalars.count <= length else {
            throw .invalid(path + field.key, "must be at most \(length) characters")
        }
        return text
    }
}

/// The query parameters of a request's target, each at most once.
struct Query: Sendable {
    private var values: [(key: String, value: String)] = []

    /// - Parameter text: the text after the `?`; percent-encoded, with `+` for a space, as forms are sent.
    init(_ text: some StringProtocol) throws(Problem) { try self.init(bytes: Array(text.utf8)) }

    init(bytes: [UInt8]) throws(Problem) {
        let pairs = bytes.split(separator: UInt8(ascii: "&"))
        guard pairs.count <= HTTPLimits.parameters else {
            throw Problem(.invalidRequest, "a query may have at most \(HTTPLimits.parameters) parameters")
        }
        for pair in pairs {
            let equals = pair.firstIndex(of: UInt8(ascii: "="))
            guard let key = Self.decode(pair[..<(equals ?? pair.endIndex)]) else {
                throw Problem(.invalidRequest, "a parameter's name is not percent-encoded UTF-8")
            }
            guard let value = equals.map({ Self.decode(pair[($0 + 1)...]) }) ?? "" else {
                throw .invalid(key, "is not percent-encoded UTF-8")
            }
            guard self[key] == nil else { throw .invalid(key, "is repeated") }
            values.append((key, value))
        }
    }

    var isEmpty: Bool { values.isEmpty }

    /// The value of a parameter that is `true` or `false`.
    func flag(_ key: String, default value: Bool) throws(Problem) -> Bool {
        switch self[key] {
        case nil: return value
        case "true": return true
        case "false": return false
        default: throw .invalid(key, "must be true or false")
        }
    }

    var keys: [String] { values.map(\.key) }

    subscript(key: String) -> String? {
        values.first { $0.key == key }?.value
    }

    /// An instant; `nil` where the parameter is absent.
    func instant(_ key: String) throws(Problem) -> Instant? {
        guard let text = self[key] else { return nil }
        guard let instant = Instant(rfc3339: text), Self.years.contains(instant) else {
            throw .invalid(key, "must be an RFC 3339 time such as 2026-01-31T09:30:00Z, in the years 1970 to 9998")
        }
        return instant
    }

    /// The instants whose year has four digits, with room for a step of time around them.
    private static let years = Instant(milliseconds: 0)..<Instant(milliseconds: 253_370_764_800_000)

    /// - Returns: `nil` for a malformed escape, and for text that is not UTF-8 or not stream-safe after it is decoded.
    static func decode(_ text: some StringProtocol) -> String? { decode(Array(text.utf8)[...]) }

    private static func decode(_ text: ArraySlice<UInt8>) -> String? {
        // Most texts need no decoding.
        guard text.contains(where: { $0 == UInt8(ascii: "%") || $0 == UInt8(ascii: "+") }) else {
            return validated(text)
        }
        var bytes: [UInt8] = []
        var rest = text
        while let byte = rest.popFirst() {
            switch byte {
            case UInt8(ascii: "+"): bytes.append(UInt8(ascii: " "))
            case UInt8(ascii: "%"):
                guard let high = rest.popFirst()?.hexDigitValue, let low = rest.popFirst()?.hexDigitValue else {
                    return nil
                }
                bytes.append(high << 4 | low)
            default: bytes.append(byte)
            }
        }
        return validated(bytes)
    }

    private static func validated(_ bytes: some Collection<UInt8>) -> String? {
        StreamSafety.holds(bytes) ? String(validating: bytes, as: UTF8.self) : nil
    }
}
