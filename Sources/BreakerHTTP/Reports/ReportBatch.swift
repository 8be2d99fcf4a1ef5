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
