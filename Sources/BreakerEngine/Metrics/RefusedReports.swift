package import BreakerCore
package import BreakerText
import Logging
import NIOConcurrencyHelpers

/// Counts the reports that are refused because a field is invalid. Their outcomes do not count, so a breaker whose
/// workers send such reports looks healthy, and never opens.
final class RefusedReports: Sendable {
    struct Entry: Sendable {
        var name: BreakerName
        var reports: Explanation.RefusedReports
    }

    /// The most entries of a client, and the most clients. Beyond them, the entry or the client that came first is
    /// forgotten.
    static let capacityOfClient = 100
    static let clients = 100

    private struct State {
        var entries: [String: [Entry]] = [:]
        /// In the order in which they came.
        var clients: [String] = []
    }

    private let state = NIOLockedValueBox(State())

    /// Counts a report.
    /// - Returns: whether it is the first of this client with this field at fault.
    func add(_ reports: Explanation.RefusedReports, of name: BreakerName) -> Bool {
        state.withLockedValue { state in
            if state.entries[reports.client] == nil {
                if state.clients.count == Self.clients { state.entries[state.clients.removeFirst()] = nil }
                state.clients.append(reports.client)
            }
            return Self.add(reports, of: name, to: &state.entries[reports.client, default: []])
        }
    }

    private static func add(
        _ reports: Explanation.RefusedReports,
        of name: BreakerName,
        to entries: inout [Entry]
    ) -> Bool {
        if let index = entries.firstIndex(where: { $0.name == name && $0.reports.field == reports.field }) {
            let count = entries[index].reports.count
            entries[index].reports = reports
            entries[index].reports.count += count
            return false
        }
        if entries.count == capacityOfClient { entries.removeFirst() }
        entries.append(Entry(name: name, reports: reports))
        return true
    }

    /// All entries of the breakers that `isIncluded` accepts, the latest first.
    func entries(where isIncluded: (BreakerName) -> Bool) -> [Entry] {
        state.withLockedValue { state in
            state.entries.values.joined().filter { isIncluded($0.name) }.sorted {
                $0.reports.lastAt > $1.reports.lastAt
            }
        }
    }
}

extension Engine {
    /// Counts reports that are refused because a field is invalid, and logs a warning about the first of their kind.
    ///
    /// - Parameters:
    ///   - field: the invalid field; `body` for a body that cannot be read.
    ///   - detail: the error of that field.
    package func noteRefusedReports(
        _ count: Int64,
        to name: BreakerName,
        from client: Client,
        field: String,
        detail: String
    ) {
        let reports = Explanation.RefusedReports(
            client: client.key,
            field: field,
            detail: Limits.cutDetail(detail),
            count: count,
            lastAt: clock.now()
        )
        guard refusedReports.add(reports, of: name) else { return }
        logger.warning(
            "A report was refused, so its outcome does not count; more of this kind are not logged",
            metadata: [
                "breaker": "\(name)", "client": "\(client.key)", "field": "\(field)",
                "error": "\(field) \(reports.detail)",
            ]
        )
    }

    /// The refused reports of each breaker in `scope` since the server started, the latest first.
    package func refusedReports(visible scope: NameScope) -> [(name: BreakerName, reports: Explanation.RefusedReports)]
    {
        refusedReports.entries(where: scope.contains).map { ($0.name, $0.reports) }
    }
}
