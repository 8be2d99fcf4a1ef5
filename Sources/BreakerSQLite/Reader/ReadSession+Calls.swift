import BreakerCore
import BreakerStorage

/// Reads of call histories and of failures within a period.
extension ReadSession {
    func calls(ofBreaker id: Int64, in steps: CallHistory.Steps) throws(SQLiteError) -> CallHistory {
        var history = CallHistory(steps)
        selectCalls.bind(steps.first.number)
        selectCalls.bind(steps.end.number)
        selectCalls.bind(id)
        try selectCalls.forEachRow { row in
            let (minute, tally) = CallTable.minute(&row)
            history.add(tally, at: minute)
        }
        return history
    }

    /// Selects the failures of a breaker within a period. A log is short, so the search needs no index on `at`.
    static let selectFailuresWithin = """
        SELECT \(FailureTable.columns.joined(separator: ", ")) FROM failures
        WHERE breaker_id = ? AND at >= ? AND at < ? ORDER BY number DESC
        """

    func failures(ofBreaker id: Int64, from: Instant, to: Instant) throws(SQLiteError) -> [Failure] {
        selectFailuresWithin.bind(id)
        selectFailuresWithin.bind(from)
        selectFailuresWithin.bind(to)
        var failures: [Failure] = []
        try selectFailuresWithin.forEachRow { row throws(SQLiteError) in
            if let failure = try FailureTable.failureOrNull(&row) { failures.append(failure) }
        }
        return failures
    }
}
