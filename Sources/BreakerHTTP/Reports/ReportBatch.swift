import BreakerAPI
import BreakerCore
import BreakerEngine

/// The reports and the counts of decisions of one request. An invalid item is answered with its error and does not
/// affect the others.
struct ReportBatch: Sendable {
    /// The error of one item.
    struct Fault: Hashable, Sendable {
        /// The index of the item in the list, from 0.
        var index: Int
        var problem: Problem
    }

    /// Reports to one breaker in which the same field is invalid.
    struct Refused: Hashable, Sendable {
        var name: BreakerName
        /// The problem of the last of them.
        var problem: Problem
        var count: Int64
    }

    /// The number of items in the request.
    let count: Int
    /// The reports that are carried out, in order.
    let reports: [Engine.AddressedReport]
    /// The items that are not carried out, in order.
    let faults: [Fault]
    /// The reports among ``faults`` that name a breaker which the client may use; the first
    /// ``ReportBatchReader/maximumRefused`` kinds.
    let refused: [Refused]
    /// A count of decisions that the client made itself, or the problem with it; `nil` if the request has none.
    let decisions: [Result<ClientDecisions, Problem>]?

    /// - Throws: where the request as a whole is not a batch, or reports too many outcomes.
    init(body: [UInt8], access: Access) throws(Problem) {
        var reader = ReportBatchReader(body, access: access)
        do throws(JSONCursor.Failure) {
            try reader.read()
        } catch {
            throw Problem(error)
        }
        guard reader.count != nil || reader.decisionsCount != nil else {
            throw .invalid("reports", "is required: an array of reports, unless there are decisions")
        }
        if let problem = reader.problem { throw problem }
        try Self.require("reports", reader.count, in: Limits.reportsPerRequest)
        try Self.require("decisions", reader.decisionsCount, in: Limits.decisionCountsPerRequest)
        guard reader.outcomes <= Limits.outcomesPerRequest else {
            throw .invalid(
                "reports",
                "contain \(reader.outcomes) outcomes; at most \(Limits.outcomesPerRequest) are allowed"
            )
        }
        count = reader.count ?? 0
        reports = reader.reports
        faults = reader.faults
        refused = reader.refused
        decisions = reader.decisionsCount == nil ? nil : reader.decisions
    }

    private static func require(_ field: String, _ count: Int?, in range: ClosedRange<Int>) throws(Problem) {
        guard let count, !range.contains(count) else { return }
        throw .invalid(field, "must have 1 to \(range.upperBound) items, not \(count)")
    }
}

extension ReportBatch {
    var validDecisions: [ClientDecisions] { (decisions ?? []).compactMap { try? $0.get() } }

    /// Bytes of the usual answer to an item.
    private static let usualItem = 56

    /// The answer to the whole request: a ``ReportsAnswerDocument``, written item by item.
    ///
    /// - Parameters:
    ///   - results: one for each of ``reports``.
    ///   - counted: whether each of the valid ``decisions`` is counted; where it is not, there is no such breaker.
    func answer(_ results: [Result<ReportAnswer, EngineError>], counted: [Bool] = []) -> [UInt8] {
        precondition(results.count == reports.count, "\(reports.count) reports have \(results.count) results")
        var bytes: [UInt8] = []
        bytes.reserveCapacity((count + 1) * Self.usualItem)
        bytes.append(#"{"accepted":"#, Int64(Self.accepted(results)))
        bytes.append(#","results":["#)
        var faults = faults[...]
        var done = 0
        for index in 0..<count {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            if faults.first?.index == index {
                Self.write(faults.removeFirst().problem, to: &bytes)
            } else {
                Self.write(results[done], of: reports[done].report, to: &bytes)
                done += 1
            }
        }
        bytes.append("]")
        if let decisions { Self.write(decisions, counted: counted, to: &bytes) }
        bytes.append("}")
        return bytes
    }

    private static func write(
        _ decisions: [Result<ClientDecisions, Problem>],
        counted: [Bool],
        to bytes: inout [UInt8]
    ) {
        bytes.append(#","decisions":["#)
        var counted = counted[...]
        for (index, item) in decisions.enumerated() {
            if index > 0 { bytes.append(",") }
            switch item {
            case .success(let item):
                let isCounted = counted.removeFirst()
                result(isCounted ? nil : Problem(EngineError.unknown(item.name))).write(into: &bytes)
            case .failure(let problem): result(problem).write(into: &bytes)
            }
        }
        bytes.append("]")
    }

    private static func result(_ problem: Problem?) -> ReportsAnswerDocument.CountResult {
        problem.map { .init(error: .init($0.code, $0.detail)) } ?? .counted
    }

    /// The number of outcomes that were applied. Outcomes that an earlier request applied do not count.
    private static func accepted(_ results: [Result<ReportAnswer, EngineError>]) -> Int {
        results.reduce(0) { accepted, result in
            guard case .success(let answer) = result, !answer.isDuplicate else { return accepted }
            return accepted + answer.counted
        }
    }

    private static func write(
        _ result: Result<ReportAnswer, EngineError>,
        of report: Report,
        to bytes: inout [UInt8]
    ) {
        switch result {
        case .success(let answer): ReportAnswerDocument.write(answer, of: report, into: &bytes)
        case .failure(let error): write(Problem(error), to: &bytes)
        }
    }

    private static func write(_ problem: Problem, to bytes: inout [UInt8]) {
        ReportsAnswerDocument.Result(error: problem.code, problem.detail).write(into: &bytes)
    }
}
