package import BreakerCore
import BreakerText
import Logging
import NIOConcurrencyHelpers

/// Counts the reports that are refused because they are invalid. Their outcomes do not count, so a breaker whose workers
/// send such reports looks healthy, and never opens.
///
/// Reports to one breaker from one client with one field at fault are counted together. Beyond the capacity, no more
/// kinds are counted; none is forgotten for them, because counters only grow.
final class RefusedReports: Sendable {
    static let capacity = 10_000
    static let capacityOfClient = 1_000

    private struct State {
        var reports: [BreakerName: [Explanation.RefusedReports]] = [:]
        /// How many kinds are counted of each client.
        var kinds: [String: Int] = [:]
        var count = 0
    }

    private let state = NIOLockedValueBox(State())

    /// - Returns: whether the reports are the first of their kind.
    func add(_ reports: Explanation.RefusedReports, of name: BreakerName) -> Bool {
        state.withLockedValue { state in
            let same = state.reports[name]?.firstIndex { $0.client == reports.client && $0.field == reports.field }
            if let same {
                state.reports[name]?[same].count += reports.count
                state.reports[name]?[same].detail = reports.detail
                state.reports[name]?[same].lastAt = reports.lastAt
                return false
            }
            let kinds = state.kinds[reports.client] ?? 0
            guard state.count < Self.capacity, kinds < Self.capacityOfClient else { return false }
            state.reports[name, default: []].append(reports)
            state.kinds[reports.client] = kinds + 1
            state.count += 1
            return true
        }
    }

    /// The reports to a breaker, the latest first.
    subscript(name: BreakerName) -> [Explanation.RefusedReports] {
        state.withLockedValue { $0.reports[name] ?? [] }.sorted { $0.lastAt > $1.lastAt }
    }

    /// Forgets the reports to deleted breakers.
    func forget(where isDeleted: (BreakerName) -> Bool) {
        state.withLockedValue { state in
            for name in state.reports.keys.filter(isDeleted) {
                for reports in state.reports.removeValue(forKey: name) ?? [] {
                    let kinds = state.kinds[reports.client] ?? 1
                    state.kinds[reports.client] = kinds > 1 ? kinds - 1 : nil
                    state.count -= 1
                }
            }
        }
    }
}

extension Engine {
    /// Counts reports that are refused because they are invalid, and logs a warning about the first of their kind.
    ///
    /// - Parameters:
    ///   - field: the invalid field; `body` if it is none of the fields.
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
}
