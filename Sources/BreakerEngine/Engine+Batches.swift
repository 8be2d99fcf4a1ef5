package import BreakerCore
import NIOConcurrencyHelpers

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

    /// The most reports, and the most outcomes, in one transaction of a batch: as many as are applied and stored in
    /// some milliseconds.
    static let reportsPerTransaction = 1_000
    static let outcomesPerTransaction = 65_536

    /// Takes many reports, in one transaction, or in several if one is not enough.
    ///
    /// - Parameter client: the worker that reports. Its transactions take turns with the commands of other clients.
    /// - Returns: for each report, in order, its answer, or the reason why it is not stored.
    /// - Throws: an ``EngineError`` if no transaction is stored.
    package func report(
        _ reports: [AddressedReport],
        from client: Client = .server
    ) async throws(EngineError) -> [Result<ReportAnswer, EngineError>] {
        let parts = Self.parts(of: reports)
        if parts.count == 1 { return try await waitForReply { submit(parts[0], from: client, reply: $0) } }
        let answers: [PartAnswer] = await withCheckedContinuation { continuation in
            let gathered = NIOLockedValueBox(PartAnswers(count: parts.count))
            if parts.isEmpty { continuation.resume(returning: []) }
            for (index, part) in parts.enumerated() {
                submit(part, from: client) { answer in
                    if let answers = gathered.withLockedValue({ $0.add(answer, at: index) }) {
                        continuation.resume(returning: answers)
                    }
                }
            }
        }
        let errors = answers.compactMap(\.failure)
        if errors.count == parts.count, let error = errors.first(where: { $0 == .outcomeUnknown }) ?? errors.first {
            throw error
        }
        return zip(parts, answers).flatMap { part, answer -> [Result<ReportAnswer, EngineError>] in
            switch answer {
            case .success(let results): results
            case .failure(let error): part.reports.map { _ in .failure(error.ofPart) }
            }
        }
    }

    /// The reports of a batch that one transaction takes, and how many outcomes they are.
    struct Part: Sendable {
        var reports: ArraySlice<AddressedReport>
        var outcomes: Int
    }

    private typealias PartAnswer = Result<[Result<ReportAnswer, EngineError>], EngineError>

    /// Collects the answers of a batch's parts.
    private struct PartAnswers {
        private var answers: [PartAnswer?]
        private var missing: Int

        init(count: Int) {
            answers = Array(repeating: nil, count: count)
            missing = count
        }

        /// - Returns: all answers if this is the last one; otherwise `nil`.
        mutating func add(_ answer: PartAnswer, at index: Int) -> [PartAnswer]? {
            answers[index] = answer
            missing -= 1
            return missing == 0 ? answers.compactMap(\.self) : nil
        }
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
                part.reports.map { item in
                    Result { () throws(EngineError) in
                        try working.report(item.report, to: item.name, for: client, store: store)
                    }
                }
            },
            reply: reply
        )
    }

    /// Splits a batch into parts, each for one transaction.
    static func parts(of reports: [AddressedReport]) -> [Part] {
        var parts: [Part] = []
        var (start, outcomes) = (reports.startIndex, 0)
        // By index: a copy of a report would retain each of its texts.
        for index in reports.indices {
            let count = reports[index].report.count
            let isFull = index - start >= reportsPerTransaction || outcomes + count > outcomesPerTransaction
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

extension Result {
    fileprivate var failure: Failure? { if case .failure(let error) = self { error } else { nil } }
}

extension EngineError {
    /// The error for the reports of one part: ``Code/shuttingDown`` becomes ``Code/overloaded``. Clients resend reports
    /// that failed with any of these codes.
    fileprivate var ofPart: EngineError { code == .shuttingDown ? EngineError(.overloaded, message) : self }
}
