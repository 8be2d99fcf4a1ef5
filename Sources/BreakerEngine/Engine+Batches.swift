package import BreakerCore

/// Many reports in one request.
extension Engine {
    package struct AddressedReport: Sendable {
        package var name: BreakerName
        package var report: Report

        package init(name: BreakerName, report: Report) {
            self.name = name
            self.report = report
        }
    }

    /// A batch of at most this many reports, and at most this many outcomes, is one transaction.
    static let reportsPerTransaction = 1_000
    static let outcomesPerTransaction = 65_536
    /// The most reports in a transaction of a larger batch: as many as are stored in some milliseconds, even if each is
    /// of another breaker.
    static let reportsPerPart = 100

    /// Takes many reports, in one transaction, or in several if one is not enough.
    ///
    /// The transactions of a batch follow one another, so that between them other commands are stored, also those of
    /// other connections of the same client. After one that fails, and after the deadline of a command, the rest of the
    /// batch is not tried: on a disk that hangs, each transaction would wait until its own deadline.
    ///
    /// - Parameter client: the worker that reports. Its transactions take turns with the commands of other clients.
    /// - Returns: for each report, in order, its answer, or the reason why it is not stored.
    /// - Throws: an ``EngineError`` if no transaction is stored.
    package func report(
        _ reports: [AddressedReport],
        from client: Client = .server
    ) async throws(EngineError) -> [Result<ReportAnswer, EngineError>] {
        var results: [Result<ReportAnswer, EngineError>] = []
        let deadlineMs = clock.uptimeMs() + configuration.commandDeadlineMs
        for part in Self.parts(of: reports) {
            do throws(EngineError) {
                guard clock.uptimeMs() <= deadlineMs else { throw .overdue }
                results += try await waitForReply { submit(part, from: client, reply: $0) }
            } catch {
                guard !results.isEmpty else { throw error }
                results += part.reports.map { _ in .failure(error.ofPart) }
                // The rest was not tried, so its outcome is known.
                let untried = error == .outcomeUnknown ? .storageUnavailable : error.ofPart
                results += reports[results.count...].map { _ in .failure(untried) }
                break
            }
        }
        return results
    }

    /// The reports of a batch that one transaction takes, and how many outcomes they are.
    struct Part: Sendable {
        var reports: ArraySlice<AddressedReport>
        var outcomes: Int
    }

    private func submit(
        _ part: Part,
        from client: Client,
        reply: @escaping Reply<[Result<ReportAnswer, EngineError>]>
    ) {
        submitChange(
            from: client,
            weight: part.reports.count + Self.weight(ofOutcomes: part.outcomes),
            { working, store throws(EngineError) in
                part.reports.indices.map { index in
                    Result { () throws(EngineError) in
                        // By index: a copy of a report would retain each of its texts.
                        let (name, report) = (part.reports[index].name, part.reports[index].report)
                        return try working.report(report, to: name, for: client, store: store)
                    }
                }
            },
            reply: reply
        )
    }

    /// Splits a batch into parts, each for one transaction.
    static func parts(of reports: [AddressedReport]) -> [Part] {
        var parts: [Part] = []
        let limit = reports.count > reportsPerTransaction ? reportsPerPart : reportsPerTransaction
        var (start, outcomes) = (reports.startIndex, 0)
        // By index: a copy of a report would retain each of its texts.
        for index in reports.indices {
            let count = reports[index].report.count
            let isFull = index - start >= limit || outcomes + count > outcomesPerTransaction
            if isFull, index > start {
                parts.append(Part(reports: reports[start..<index], outcomes: outcomes))
                (start, outcomes) = (index, 0)
            }
            outcomes += count
        }
        if start < reports.endIndex { parts.append(Part(reports: reports[start...], outcomes: outcomes)) }
        return parts
    }
}

extension EngineError {
    /// The error for the reports of one part: ``Code/shuttingDown`` becomes ``Code/overloaded``. Clients resend reports
    /// that failed with any of these codes.
    fileprivate var ofPart: EngineError { code == .shuttingDown ? EngineError(.overloaded, message) : self }
}
