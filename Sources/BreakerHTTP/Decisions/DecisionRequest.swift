import BreakerAPI
import BreakerCore

/// The kind of a worker's request, without its contents.
enum DecisionKind: Sendable {
    case acquire
    case report

    /// The route's template.
    var path: String {
        switch self {
        case .acquire: Paths.acquire(Paths.namePlaceholder)
        case .report: Paths.report(Paths.namePlaceholder)
        }
    }
}

/// A worker's request after it is parsed.
struct DecisionRequest: Sendable {
    enum Event: Sendable {
        case acquire
        case report(Report)
    }

    var name: BreakerName
    var event: Event

    var kind: DecisionKind {
        switch event {
        case .acquire: .acquire
        case .report: .report
        }
    }

    /// Reads an acquire, which has neither parameters nor a body.
    static func acquire(_ name: String, body: [UInt8]) throws(Problem) -> DecisionRequest {
        guard body.isEmpty else { throw .invalid("body", "must be empty: an acquire has no body") }
        return DecisionRequest(name: try Self.name(name), event: .acquire)
    }

    /// Reads a report from a query or from a body. The router rejects a request that has both.
    static func report(_ name: String, query: Query, body: [UInt8]) throws(Problem) -> DecisionRequest {
        let name = try Self.name(name)
        let fields: any ReportFields = body.isEmpty ? query : try JSONFields(body: body)
        return DecisionRequest(name: name, event: .report(try Report(fields, at: "")))
    }

    /// - Parameter field: the field that holds the name, for an error.
    static func name(_ text: String, field: String = "name") throws(Problem) -> BreakerName {
        guard let name = BreakerName(text) else {
            throw .invalid(
                field,
                "must be 1 to \(BreakerName.maximumLength) characters of A-Z a-z 0-9 . _ : -, "
                    + "starting with a letter or digit"
            )
        }
        return name
    }
}
