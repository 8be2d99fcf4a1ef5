import BreakerCore
import BreakerText
import CoreSupport
import EngineSupport
import InMemoryLogging
import Logging
import Testing

@testable import BreakerEngine

@Suite("The counts of refused reports")
struct RefusedReportsTests {
    private func reports(from client: String = "a", field: String = "count", atMs: Int64 = 0)
        -> Explanation.RefusedReports
    {
        Explanation.RefusedReports(
            client: client,
            field: field,
            detail: "must be 1",
            count: 2,
            lastAt: Instant(milliseconds: atMs)
        )
    }

    @Test("Only the first report of a client with one field at fault is new; the counts and the last instant go on")
    func new() {
        let refused = RefusedReports()
        #expect(refused.add(reports(), of: Bench.name))
        #expect(!refused.add(reports(atMs: 5), of: Bench.name))
        #expect(refused.add(reports(from: "b", atMs: 7), of: Bench.name))
        #expect(refused.add(reports(field: "kind"), of: Bench.name))
        let entries = refused.entries { _ in true }.map(\.reports)
        #expect(entries.map(\.client) == ["b", "a", "a"])
        #expect(entries.map(\.count) == [2, 4, 2])
        #expect(entries.map(\.lastAt.milliseconds) == [7, 5, 0])
    }

    @Test("A client with many kinds of refused reports forgets its own first one, and many clients the first client")
    func bounds() {
        let refused = RefusedReports()
        _ = refused.add(reports(from: "quiet"), of: Bench.name)
        for number in 0...RefusedReports.capacityOfClient {
            _ = refused.add(reports(from: "busy", field: "\(number)"), of: Bench.name)
        }
        let fields = refused.entries { _ in true }.filter { $0.reports.client == "busy" }.map(\.reports.field)
        #expect(Set(fields) == Set((1...RefusedReports.capacityOfClient).map { "\($0)" }))
        #expect(refused.entries { _ in true }.contains { $0.reports.client == "quiet" })
        for number in 1..<RefusedReports.clients { _ = refused.add(reports(from: "c\(number)"), of: Bench.name) }
        #expect(!refused.entries { _ in true }.contains { $0.reports.client == "quiet" })
        #expect(refused.entries { _ in true }.contains { $0.reports.client == "busy" })
    }

    @Test("The log warns once of reports of one client with the same field at fault")
    func log() async throws {
        let handler = InMemoryLogHandler()
        let logger = Logger(label: "test") { _ in handler }
        try await RunningEngine.with(logger: logger) { running async throws in
            for detail in ["must be 1", "must be 2"] {
                for field in ["count", "kind"] {
                    running.engine.noteRefusedReports(
                        1,
                        to: Bench.name,
                        from: Client("busy"),
                        field: field,
                        detail: detail
                    )
                }
            }
        }
        let warnings = handler.entries.filter { $0.level == .warning }
        #expect(warnings.map { "\($0.metadata["error"]!)" } == ["count must be 1", "kind must be 1"])
    }
}
