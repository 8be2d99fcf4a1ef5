import BreakerAPI
import BreakerCore
import BreakerEngine

/// Reads the reports and the counts of decisions of a request from the bytes of its body:
/// `{"reports":[{"name":…,"outcome":…},…],"decisions":[{"name":…,"allowed":…},…]}`. Other members are ignored.
struct ReportBatchReader {
    private enum Member: Int, MemberName {
        case reports, decisions

        init?(_ key: UnsafeBufferPointer<UInt8>) {
            switch String(decoding: key, as: UTF8.self) {
            case "reports": self = .reports
            case "decisions": self = .decisions
            default: return nil
            }
        }

        func mustBeArray(_ value: JSONCursor.Value) -> Problem {
            let field =
                switch self {
                case .reports: "reports"
                case .decisions: "decisions"
                }
            return .invalid(field, "must be an array, not \(value.kindInWords)")
        }
    }

    private let access: Access
    private var cursor: JSONCursor
    /// The item that is being read.
    private var item: ReportItem

    /// The number of items in the list; `nil` where there is no list.
    private(set) var count: Int?
    private(set) var reports: [Engine.AddressedReport] = []
    private(set) var faults: [ReportBatch.Fault] = []
    private(set) var refused: [ReportBatch.Refused] = []
    static let maximumRefused = 100
    /// The number of outcomes in the reports.
    private(set) var outcomes = 0
    /// The problem with a member that is not a list.
    private(set) var problem: Problem?
    /// The number of items in the list of decisions; `nil` where there is no such list.
    private(set) var decisionsCount: Int?
    /// A count of decisions, or the problem with it, for each item of that list.
    private(set) var decisions: [Result<ClientDecisions, Problem>] = []

    init(_ body: [UInt8], access: Access) {
        self.access = access
        cursor = JSONCursor(body)
        item = ReportItem(in: body)
        // An array that grows copies its reports again and again.
        reports.reserveCapacity(min(body.count / Self.shortestItem, Limits.reportsPerRequest.upperBound))
    }

    /// The bytes of the shortest valid item: `{"name":"a","outcome":"success"},`.
    private static let shortestItem = 33

    mutating func read() throws(JSONCursor.Failure) {
        cursor.skipSpace()
        if try cursor.enter("{", depth: 0) {
            try document()
        } else {
            _ = try cursor.value(depth: 0)
        }
        try cursor.end()
    }

    private mutating func document() throws(JSONCursor.Failure) {
        var members = JSONCursor.Members<Member>()
        while true {
            switch try cursor.nextMember(of: &members) {
            case .end: return
            case .known(.reports) where try cursor.enter("[", depth: 1): try list()
            case .known(.decisions) where try cursor.enter("[", depth: 1): try decisionList()
            case .known(let member): problem = member.mustBeArray(try cursor.value(depth: 1))
            case .unknown: _ = try cursor.value(depth: 1)
            }
        }
    }

    private mutating func list() throws(JSONCursor.Failure) {
        var count = 0
        while try cursor.nextElement(isFirst: count == 0) {
            if count < Limits.reportsPerRequest.upperBound {
                try element(at: count)
            } else {
                // The request will be rejected, but with another error if the rest is not JSON.
                _ = try cursor.value(depth: 2)
            }
            count += 1
        }
        self.count = count
    }

    private mutating func element(at index: Int) throws(JSONCursor.Failure) {
        guard try cursor.enter("{", depth: 2) else {
            let value = try cursor.value(depth: 2)
            let problem = Problem.invalid("reports[\(index)]", "must be an object, not \(value.kindInWords)")
            faults.append(ReportBatch.Fault(index: index, problem: problem))
            return
        }
        item.clear()
        try members()
        do throws(Problem) {
            let report = try report()
            outcomes += report.report.count
            reports.append(report)
        } catch {
            faults.append(ReportBatch.Fault(index: index, problem: error.within("reports[\(index)].")))
            refuse(error)
        }
    }

    /// Notes that the item is refused, if it names a breaker that the client may use.
    private mutating func refuse(_ problem: Problem) {
        guard let text = try? item.text(.name), let name = BreakerName(text), access.allows(name) else { return }
        let field = problem.faults.first?.field
        if let index = refused.firstIndex(where: { $0.name == name && $0.problem.faults.first?.field == field }) {
            refused[index].problem = problem
            refused[index].count += 1
        } else if refused.count < Self.maximumRefused {
            refused.append(ReportBatch.Refused(name: name, problem: problem, count: 1))
        }
    }

    private mutating func members() throws(JSONCursor.Failure) {
        var members = JSONCursor.Members<ReportField>()
        while true {
            switch try cursor.nextMember(of: &members) {
            case .end: return
            case .known(let field): item[field] = try cursor.value(depth: 3)
            case .unknown: _ = try cursor.value(depth: 3)
            }
        }
    }

    private func report() throws(Problem) -> Engine.AddressedReport {
        guard let text = try item.text(.name) else { throw .invalid("name", "is required") }
        let name = try DecisionRequest.name(text)
        try access.require(name)
        return Engine.AddressedReport(name: name, report: try Report(item, at: ""))
    }
}

// MARK: Decisions

extension ReportBatchReader {
    private enum DecisionField: Int, CaseIterable, MemberName {
        case name, allowed, denied, ageMs

        var key: String {
            switch self {
            case .name: "name"
            case .allowed: "allowed"
            case .denied: "denied"
            case .ageMs: "age_ms"
            }
        }

        init?(_ key: UnsafeBufferPointer<UInt8>) {
            let text = String(decoding: key, as: UTF8.self)
            guard let field = Self.allCases.first(where: { $0.key == text }) else { return nil }
            self = field
        }
    }

    private mutating func decisionList() throws(JSONCursor.Failure) {
        var count = 0
        while try cursor.nextElement(isFirst: count == 0) {
            if count < Limits.decisionCountsPerRequest.upperBound {
                decisions.append(try decisions(at: "decisions[\(count)]"))
            } else {
                // The request will be rejected, but with another error if the rest is not JSON.
                _ = try cursor.value(depth: 2)
            }
            count += 1
        }
        decisionsCount = count
    }

    private mutating func decisions(
        at path: String
    ) throws(JSONCursor.Failure) -> Result<ClientDecisions, Problem> {
        guard try cursor.enter("{", depth: 2) else {
            let value = try cursor.value(depth: 2)
            return .failure(.invalid(path, "must be an object, not \(value.kindInWords)"))
        }
        var values: [DecisionField: JSONCursor.Value] = [:]
        var members = JSONCursor.Members<DecisionField>()
        reading: while true {
            switch try cursor.nextMember(of: &members) {
            case .end: break reading
            case .known(let field): values[field] = try cursor.value(depth: 3)
            case .unknown: _ = try cursor.value(depth: 3)
            }
        }
        return Result { () throws(Problem) in try decisions(values, at: path + ".") }
    }

    private func decisions(
        _ values: [DecisionField: JSONCursor.Value],
        at path: String
    ) throws(Problem) -> ClientDecisions {
        func number(_ field: DecisionField, in range: ClosedRange<Int64>) throws(Problem) -> Double? {
            let number: Double
            switch values[field] ?? .null {
            case .null: return nil
            case .integer(let value): number = Double(value)
            case .decimal(let value): number = value
            case let value: throw .invalid(path + field.key, "must be a number, not \(value.kindInWords)")
            }
            guard (Double(range.lowerBound)...Double(range.upperBound)).contains(number) else {
                throw .invalid(path + field.key, "must be \(range.lowerBound) to \(range.upperBound)")
            }
            return number
        }
        func count(_ field: DecisionField) throws(Problem) -> UInt64 {
            guard let number = try number(field, in: Limits.decisionCount) else {
                throw .invalid(path + field.key, "is required: the number of such decisions")
            }
            guard let count = UInt64(exactly: number) else {
                throw .invalid(path + field.key, "must be a whole number")
            }
            return count
        }
        let name: BreakerName
        switch values[.name] ?? .null {
        case .text(let text): name = try DecisionRequest.name(text.string(in: item.bytes), field: path + "name")
        case .null: throw .invalid(path + "name", "is required")
        case let value: throw .invalid(path + "name", "must be a string, not \(value.kindInWords)")
        }
        try access.require(name)
        let counts = DecisionCounts(allowed: try count(.allowed), denied: try count(.denied))
        // Rounded down, as the age of a report.
        let ageMs = Int64(try number(.ageMs, in: Limits.reportAgeMs) ?? 0)
        return ClientDecisions(name: name, counts: counts, ageMs: ageMs)
    }
}

extension Problem {
    /// The same problem, for a part of a document.
    ///
    /// - Parameter path: the prefix of the fields' names.
    fileprivate func within(_ path: String) -> Problem {
        faults.isEmpty ? self : .invalid(faults.map { Fault(field: path + $0.field, detail: $0.detail) })
    }
}

/// The values of one report's members. A text is kept as its position in the request's body; an absent member is
/// `null`.
struct ReportItem: ReportFields {
    fileprivate let bytes: [UInt8]
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
