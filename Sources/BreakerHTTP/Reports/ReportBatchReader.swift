import BreakerAPI
import BreakerCore
import BreakerEngine

/// Reads the reports of a request from the bytes of its body: `{"reports":[{"name":…,"outcome":…},…]}`. Other members
/// are ignored.
struct ReportBatchReader {
    private enum Member: Int, MemberName {
        case reports

        init?(_ key: UnsafeBufferPointer<UInt8>) {
            guard key.elementsEqual("reports".utf8) else { return nil }
            self = .reports
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
    /// The number of outcomes in the reports.
    private(set) var outcomes = 0

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
            case .known, .unknown: _ = try cursor.value(depth: 1)
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
