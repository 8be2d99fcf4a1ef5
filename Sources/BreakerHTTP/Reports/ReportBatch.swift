import BreakerAPI
import BreakerCore
import BreakerEngine

/// The reports of one request. An invalid report is answered with its error and does not affect the others.
struct ReportBatch: Sendable {
    /// The error of one item.
    struct Fault: Hashable, Sendable {
        /// The index of the item in the list, from 0.
        var index: Int
        var problem: Problem
    }

    /// The number of items in the request.
    let count: Int
    /// The reports that are carried out, in order.
    let reports: [Engine.AddressedReport]
    /// The items that are not carried out, in order.
    let faults: [Fault]

    /// - Throws: where the request as a whole is not a batch, or reports too many outcomes.
    init(body: [UInt8], access: Access) throws(Problem) {
        var reader = ReportBatchReader(body, access: access)
        do throws(JSONCursor.Failure) {
            try reader.read()
        } catch {
            throw Problem(error)
        }
        guard let count = reader.count else { throw .invalid("reports", "is required: an array of reports") }
        guard Limits.reportsPerRequest.contains(count) else {
            throw .invalid("reports", "must have 1 to \(Limits.reportsPerRequest.upperBound) items, not \(count)")
        }
        guard reader.outcomes <= Limits.outcomesPerRequest else {
            throw .invalid(
                "reports",
                "contain \(reader.outcomes) outcomes; at most \(Limits.outcomesPerRequest) are allowed"
            )
        }
        self.count = count
        reports = reader.reports
        faults = reader.faults
    }
}

extension ReportBatch {
    /// Bytes of the usual answer to an item.
    private static let usualItem = 56

    /// The answer to the whole request: a ``ReportsAnswerDocument``, written item by item.
    ///
    /// - Parameter results: one for each of ``reports``.
    func answer(_ results: [Result<ReportAnswer, EngineError>]) -> [UInt8] {
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
        bytes.append("]}")
        return bytes
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
