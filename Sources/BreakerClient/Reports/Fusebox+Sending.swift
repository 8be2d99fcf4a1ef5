import BreakerAPI
import BreakerCore
import Logging
import NIOConcurrencyHelpers

extension Fusebox {
    /// Sends what waits, or waits for who does, and says what that tells of the server.
    func send(under attempt: Reachability.Attempt) async {
        switch await outlet.sender({ await self.sendBatches() }).value {
        case .nothing: outlet.reachability.withLockedValue { $0.withdrawn(attempt) }
        case .taken: serverTookOutcomes(attempt)
        case .failed(let error): serverTookNoOutcomes(error, attempt)
        }
    }

    private func sendBatches() async -> Outlet.Sending {
        var sending = Outlet.Sending.nothing
        while let batch = outlet.take(atNs: clock.nowNs()) {
            do {
                try settle(batch, try await client.report(batch.map { ReportDocument($0, reporter: reporter) }))
            } catch let error as FuseboxError where error.isAboutContent {
                // Sent again it would be refused again, and hold up all that is behind it.
                refused(batch, batch, code: error.code, error.detail)
            } catch {
                outlet.putBack(batch)
                return .failed(error)
            }
            sending = .taken
        }
        return sending
    }

    /// - Throws: where the server took some, or none, for reasons that pass. All are sent again then; it knows those that
    ///   it took by their ids.
    private func settle(_ batch: [Outbox.Item], _ answer: ReportsAnswerDocument) throws {
        guard answer.results.count == batch.count else {
            throw FuseboxError(
                status: 200,
                code: nil,
                detail: "\(answer.results.count) answers to \(batch.count) reports"
            )
        }
        var lost: [Outbox.Item] = []
        var fault: ReportsAnswerDocument.Result.Fault?
        for (item, result) in zip(batch, answer.results) {
            guard let error = result.error else { continue }
            if let code = ProblemCode(rawValue: error.code), code.status >= 500 {
                throw FuseboxError(status: code.status, code: error.code, detail: error.detail)
            }
            lost.append(item)
            fault = fault ?? error
        }
        refused(batch, lost, code: fault?.code, fault?.detail ?? "")
    }

    private func refused(_ batch: [Outbox.Item], _ lost: [Outbox.Item], code: String?, _ detail: String) {
        guard outlet.settle(batch, refused: lost) else { return }
        logger.error(
            "fusebox refused outcomes",
            metadata: [
                "breakers": "\(Set(lost.map(\.name)).sorted().prefix(10).joined(separator: " "))",
                "code": "\(code ?? "none")",
                "error": "\(detail)",
            ]
        )
    }
}

extension ReportDocument {
    fileprivate init(_ item: Outbox.Item, reporter: String) {
        self.init(
            name: item.name,
            outcome: item.outcome.rawValue,
            permit: item.permit.text,
            durationMs: item.durationMs,
            kind: item.kind,
            detail: item.detail,
            reporter: reporter,
            reportID: item.id,
            count: item.count == 1 ? nil : item.count
        )
    }
}
