import BreakerCore
import BreakerStorage
import EngineSupport
import InMemoryLogging
import Logging
import TestSupport
import Testing

@testable import BreakerEngine

@Suite("Evicted rows")
struct EvictionLogTests {
    @Test("The log warns of evictions at once, then at most once a minute with the number since the last warning")
    func interval() {
        var log = EvictionLog()
        var evictions = Evictions()
        #expect(log.warnings(of: evictions, atUptimeMs: 0).isEmpty)
        for (atMs, added, rows) in [
            (1_000, 3, "3"), (1_001, 4, nil), (60_999, 5, nil), (61_000, 6, "15"), (61_001, 0, nil), (500_000, 0, nil),
            (500_001, 1, "1"),
        ] as [(Int64, Int, String?)] {
            evictions.add(added, of: .reportIDs, token: "busy")
            let warnings = log.warnings(of: evictions, atUptimeMs: atMs)
            #expect(warnings.map(\.metadata) == (rows.map { [["rows": "\($0)", "token": "busy"]] } ?? []), "\(atMs)")
        }
    }

    @Test("Each table has its own warnings", arguments: Evictions.Table.allCases)
    func tables(_ table: Evictions.Table) {
        var log = EvictionLog()
        var evictions = Evictions()
        for other in Evictions.Table.allCases where other != table { evictions.add(1, of: other) }
        #expect(log.warnings(of: evictions, atUptimeMs: 0).count == Evictions.Table.allCases.count - 1)
        evictions.add(2, of: table)
        let warnings = log.warnings(of: evictions, atUptimeMs: 1)
        #expect(warnings.map(\.metadata) == [["rows": "2", "token": "-"]])
    }

    @Test("The log warns once of a flood of report ids and once of a flood of orders, with the name of the token")
    func flood() async throws {
        let handler = InMemoryLogHandler()
        var retention = Retention()
        retention.receipts = 20
        retention.audit = 5
        let logger = Logger(label: "test") { _ in handler }
        try await RunningEngine.with(retention: retention, logger: logger) { running async throws in
            let engine = running.engine
            for number in 0..<50 {
                let client: Client = number < 3 ? Client("quiet") : Client("busy")
                try await engine.report(Report(.success, id: "r\(number)"), to: "payments", from: client)
                let name = try #require(BreakerName("b\(number)"))
                _ = try await engine.putPolicy(Policy(), of: name, actor: number < 2 ? "ops" : "busy-ops")
            }
            let reading = await engine.writerReading()
            #expect(reading.meter.evictions[.reportIDs].rows == 30)
            #expect(reading.meter.evictions[.audit].rows == 45)
            #expect(reading.meter.evictions[.failures].rows == 0)
            let audit = try await engine.audit(AuditFilter(), before: nil, limit: 10)
            #expect(audit.map(\.author.actor) == ["busy-ops", "busy-ops", "busy-ops", "ops", "ops"])
        }
        let warnings = handler.entries.filter { $0.level == .warning }
        #expect(warnings.map(\.metadata["token"]) == ["busy-ops", "busy"])
        #expect(warnings.map(\.metadata["rows"]) == ["1", "1"])
    }
}
