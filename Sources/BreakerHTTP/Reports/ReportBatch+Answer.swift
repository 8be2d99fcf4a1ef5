import BreakerAPI
import BreakerCore
import BreakerEngine

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
        case .success(let answer): ReportAnswerDocument(answer, of: report).write(into: &bytes)
        case .failure(let error): write(Problem(error), to: &bytes)
        }
    }

    private static func write(_ problem: Problem, to bytes: inout [UInt8]) {
        ReportsAnswerDocument.Result(error: problem.code, problem.detail).write(into: &bytes)
    }
}
