import BreakerCore
import BreakerText
import EngineSupport
import InMemoryLogging
import Logging
import Testing

@testable import BreakerEngine

@Suite("The counts of refused reports")
struct RefusedReportsTests {
    private let name: BreakerName

    init() throws {
        name = try #require(BreakerName("payments"))
    }

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
        #expect(refused.add(reports(), of: name))
        #expect(!refused.add(reports(atMs: 5), of: name))
        #expect(refused.add(reports(from: "b", atMs: 7), of: name))
        #expect(refused.add(reports(field: "kind"), of: name))
        let entries = refused[name]
        #expect(entries.map(\.client) == ["b", "a", "a"])
        #expect(entries.map(\.count) == [2, 4, 2])
        #expect(entries.map(\.lastAt.milliseconds) == [7, 5, 0])
    }

    @Test("A client with too many kinds of refused reports gets no more, and takes nothing from others")
    func bounds() {
        let refused = RefusedReports()
        #expect(refused.add(reports(from: "quiet"), of: name))
        for number in 1...RefusedReports.capacityOfClient {
            #expect(refused.add(reports(from: "busy", field: "\(number)"), of: name))
        }
        #expect(!refused.add(reports(from: "busy", field: "another"), of: name))
        #expect(!refused.add(reports(from: "busy", field: "1", atMs: 9), of: name))
        #expect(refused[name].first?.count == 4)
        #expect(refused.add(reports(from: "quiet", field: "kind"), of: name))
        #expect(refused[name].count == RefusedReports.capacityOfClient + 2)
    }

    @Test("The reports to a deleted breaker are forgotten, and make room")
    func deleted() async throws {
        let refused = RefusedReports()
        for number in 1...RefusedReports.capacityOfClient {
            _ = refused.add(reports(field: "\(number)"), of: name)
        }
        refused.forget { $0 != name }
        #expect(refused[name].count == RefusedReports.capacityOfClient)
        refused.forget { $0 == name }
        #expect(refused[name].isEmpty)
        #expect(refused.add(reports(), of: name))
    }

    @Test("A new breaker with the name of a deleted one has no refused reports")
    func recreated() async throws {
        try await RunningEngine.with { running async throws in
            let engine = running.engine
            for isByPrefix in [false, true] {
                _ = try await engine.acquire(name, from: .server)
                engine.noteRefusedReports(1, to: name, from: .server, field: "kind", detail: "must be a text")
                #expect(try await engine.explanation(of: name).refusedReports.map(\.count) == [1])
                let author = Author(actor: "ops", address: nil)
                if isByPrefix {
                    #expect(try await engine.deleteAll(prefix: name.value, actor: author) == 1)
                } else {
                    try await engine.delete(name, actor: author)
                }
                _ = try await engine.acquire(name, from: .server)
                #expect(try await engine.explanation(of: name).refusedReports.isEmpty)
            }
        }
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
                        to: name,
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
