import BreakerAPI
import BreakerCore
import BreakerEngine

@testable import BreakerHTTP

/// A reference reading of a batch of reports, from the tree that ``ReferenceParser`` makes: slow, but short enough to
/// review.
enum ReferenceBatch {
    /// The result of reading a request's body.
    enum Reading: Equatable {
        /// One entry for each item: its report or its fault.
        case items([Item])
        case refused(Problem)

        init(_ items: () throws(Problem) -> [Item]) {
            do throws(Problem) {
                self = .items(try items())
            } catch {
                self = .refused(error)
            }
        }
    }

    enum Item: Equatable {
        case report(BreakerName, Report)
        case fault(Problem)
    }

    static func read(_ body: [UInt8], access: Access) -> Reading {
        Reading { () throws(Problem) in
            guard case .array(let elements) = try document(body)["reports"] else {
                throw .invalid("reports", "is required: an array of reports, unless there are decisions")
            }
            guard (1...10_000).contains(elements.count) else {
                throw .invalid("reports", "must have 1 to 10000 items, not \(elements.count)")
            }
            let items = elements.enumerated().map { index, element in
                do throws(Problem) {
                    return try item(element, at: "reports[\(index)].", access: access)
                } catch {
                    return .fault(error)
                }
            }
            let outcomes = items.reduce(0) { if case .report(_, let report) = $1 { $0 + report.count } else { $0 } }
            guard outcomes <= 1_000_000 else {
                throw .invalid("reports", "contain \(outcomes) outcomes; at most 1000000 are allowed")
            }
            return items
        }
    }

    private static func document(_ body: [UInt8]) throws(Problem) -> JSON {
        do throws(JSONCursor.Failure) {
            return try ReferenceParser.parse(body)
        } catch {
            throw Problem(error)
        }
    }

    private static func item(_ element: JSON, at path: String, access: Access) throws(Problem) -> Item {
        let fields = try JSONFields(element, at: path)
        guard let text = try fields.text("name") else { throw .invalid(path + "name", "is required") }
        let name = try DecisionRequest.name(text, field: path + "name")
        try access.require(name)
        return .report(name, try Report(fields, at: path))
    }
}

extension ReportBatch {
    static func read(_ body: [UInt8], access: Access) -> ReferenceBatch.Reading {
        ReferenceBatch.Reading { () throws(Problem) in try ReportBatch(body: body, access: access).items }
    }

    /// The items in order; a report without a place comes last, so that a test sees it.
    private var items: [ReferenceBatch.Item] {
        let problems = Dictionary(faults.map { ($0.index, $0.problem) }, uniquingKeysWith: { first, _ in first })
        var rest = reports.map { ReferenceBatch.Item.report($0.name, $0.report) }[...]
        let items = (0..<count).compactMap { index in
            problems[index].map(ReferenceBatch.Item.fault) ?? rest.popFirst()
        }
        return items + rest
    }
}

extension ReferenceBatch.Reading: CustomStringConvertible {
    /// One line for each item, or the reason why there is none.
    var lines: [String] {
        switch self {
        case .items(let items): items.map(\.line)
        case .refused(let problem): [problem.detail]
        }
    }

    var description: String { lines.joined(separator: "\n") }
}

extension ReferenceBatch.Item {
    /// `a failure kind=timeout`, or a fault's detail.
    fileprivate var line: String {
        switch self {
        case .fault(let problem): problem.detail
        case .report(let name, let report):
            "\(name) \(report.outcome)"
                + Self.word("permit", report.permit) + Self.word("ms", report.durationMs)
                + Self.word("age", report.ageMs == 0 ? nil : report.ageMs)
                + Self.word("kind", report.kind) + Self.word("detail", report.detail)
                + Self.word("reporter", report.reporter) + Self.word("id", report.id)
                + Self.word("count", report.count == 1 ? nil : report.count)
        }
    }

    private static func word(_ name: String, _ value: (some CustomStringConvertible)?) -> String {
        value.map { " \(name)=\($0)" } ?? ""
    }
}
