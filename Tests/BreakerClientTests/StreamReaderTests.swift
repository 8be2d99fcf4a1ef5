import BreakerAPI
import BreakerCore
import NIOConcurrencyHelpers
import NIOCore
import Testing

@testable import BreakerClient

@Suite("Reading the stream of changes")
struct StreamReaderTests {
    private let panel = LocalPanel()
    private var reader: StreamReader

    /// The time of this process's clock when the server's clock shows the beginning of 2026.
    private static let startNs: Int64 = 5_000 * nsPerMs

    init() {
        reader = StreamReader(panel: panel)
        reader.begin(atNs: Self.startNs)
    }

    private static func heartbeat(_ second: Int, revision: String = "null") -> String {
        #"{"type":"heartbeat","at":"\#(instant(second))","revision":\#(revision)}"#
    }

    private static func resync(_ second: Int, reason: String = "start", _ breakers: String...) -> String {
        #"{"type":"resync","reason":"\#(reason)","revision":7,"at":"\#(instant(second))","breakers":["#
            + breakers.joined(separator: ",") + "]}"
    }

    private static func breaker(
        _ name: String,
        _ state: String,
        generation: Int64 = 7,
        openUntil: String = "null",
        override: String = "null"
    ) -> String {
        #"{"name":"\#(name)","state":"\#(state)","generation":\#(generation),"since":"\#(instant(0))","open_until":\#(openUntil),"#
            + #""override":\#(override),"policy_revision":1}"#
    }

    private static func order(_ mode: String, expiresAt: String) -> String {
        #"{"mode":"\#(mode)","reason":"drill","actor":"ops","since":"\#(instant(0))","expires_at":\#(expiresAt)}"#
    }

    private static func instant(_ second: Int) -> String {
        "2026-01-01T00:\(second < 600 ? "0" : "")\(second / 60):\(second % 60 < 10 ? "0" : "")\(second % 60).000Z"
    }

    private mutating func read(_ lines: String..., atMs nowMs: Int64) throws -> Int64? {
        let bytes = ByteBuffer(string: lines.map { $0 + "\n" }.joined())
        return try reader.read(bytes, atNs: Self.startNs + nowMs * nsPerMs).map { ($0 - Self.startNs) / nsPerMs }
    }

    private func summary(_ name: String) -> LocalSummary? { panel.entry(name).state.withLockedValue { $0.summary } }

    private func openUntilMs(_ name: String) -> Int64? {
        summary(name)?.openUntilNs.map { ($0 - Self.startNs) / nsPerMs }
    }

    @Test("The reader returns the transitions of the breakers that this process uses, with their reasons")
    mutating func transitionsOfUsedBreakers() throws {
        _ = panel.entry("a")
        let transition =
            #""at":"\#(Self.instant(1))","transition":{"from":"closed","to":"open","cause":"failure_threshold","#
            + #""detail":"5 consecutive failures"}}"#
        _ = try read(Self.heartbeat(0), Self.resync(0), atMs: 0)
        _ = try read(
            #"{"type":"transition","revision":8,"name":"a","# + transition,
            #"{"type":"transition","revision":9,"name":"b","# + transition,
            atMs: 1_000
        )
        #expect(reader.transitions.map(\.name) == ["a"])
        #expect(reader.transitions.first?.transition.detail == "5 consecutive failures")
    }

    @Test("The server's time comes from its heartbeat, even if the resync is older")
    mutating func cachedPanel() throws {
        let open = Self.breaker("a", "open", openUntil: #""\#(Self.instant(130))""#)
        let asOfMs = try read(Self.heartbeat(120), Self.resync(70, open), atMs: 3)
        #expect(asOfMs == 0, "the panel is true as of when it was asked for")
        #expect(openUntilMs("a") == 10_003)
    }

    @Test("The server's time comes from the resync if no heartbeat precedes it")
    mutating func withoutHeartbeat() throws {
        let open = Self.breaker("a", "open", openUntil: #""\#(Self.instant(10))""#)
        let asOfMs = try read(Self.resync(0, open), atMs: 3)
        #expect(asOfMs == 0 && openUntilMs("a") == 10_003)
    }

    @Test("A heartbeat dates the panel, and a late heartbeat dates it at the time when it was sent")
    mutating func lateHeartbeat() throws {
        _ = try read(Self.heartbeat(0), Self.resync(0), atMs: 0)
        let prompt = try read(Self.heartbeat(10, revision: "7"), atMs: 10_000)
        let late = try read(Self.heartbeat(20, revision: "7"), atMs: 26_000)
        #expect(prompt == 10_000 && late == 20_000)
    }

    @Test("The first heartbeat of a connection does not date the panel")
    mutating func resumed() throws {
        let first = try read(Self.heartbeat(0), atMs: 0)
        _ = try read(Self.resync(0), atMs: 0)
        reader.begin(atNs: Self.startNs)
        let resumed = try read(Self.heartbeat(30, revision: "7"), atMs: 30_000)
        let next = try read(Self.heartbeat(31, revision: "7"), atMs: 31_000)
        #expect(first == nil && resumed == nil && next == 31_000 && reader.position?.revision == 7)
    }

    @Test("The position has the server's epoch, and only a resync moves it to another history")
    mutating func epochs() throws {
        func line(_ type: String, _ id: String, _ breakers: String = "") -> String {
            #"{"type":"\#(type)","id":"\#(id)","revision":\#(id.split(separator: "-")[1]),"at":"\#(Self.instant(0))","#
                + #""breakers":[\#(breakers)]}"#
        }
        _ = try read(line("resync", "0000aaaa-9", Self.breaker("a", "open", generation: 9)), atMs: 0)
        let entry = panel.entry("a")
        entry.state.withLockedValue { $0.policyRevision = 1 }
        #expect(reader.position?.text == "0000aaaa-9" && entry.state.withLockedValue { $0.isPolicyKnown })
        _ = try read(Self.heartbeat(1, revision: "10"), atMs: 1_000)
        #expect(reader.position?.text == "0000aaaa-10", "a sign of life without an id is of the same history")
        reader.begin(atNs: Self.startNs)
        _ = try read(line("heartbeat", "0000bbbb-10"), atMs: 2_000)
        #expect(reader.position?.text == "0000aaaa-10")
        _ = try read(line("resync", "0000bbbb-12", Self.breaker("a", "closed", generation: 4)), atMs: 2_000)
        #expect(reader.position?.text == "0000bbbb-12" && summary("a")?.generation == 4)
        #expect(!entry.state.withLockedValue { $0.isPolicyKnown }, "an equal number says nothing")
    }

    @Test("A stream that begins anew after a refusal is compared with the history before it", arguments: [true, false])
    mutating func historyAfterRefusal(isOther: Bool) throws {
        func resync(_ epoch: String) -> String {
            #"{"type":"resync","id":"\#(epoch)-9","revision":9,"at":"\#(Self.instant(0))","breakers":[]}"#
        }
        _ = try read(resync("0000aaaa"), atMs: 0)
        let entry = panel.entry("a")
        let history = entry.history
        reader.forgetPosition()
        #expect(reader.position == nil)
        reader.begin(atNs: Self.startNs)
        _ = try read(resync(isOther ? "0000bbbb" : "0000aaaa"), atMs: 1_000)
        #expect(reader.position?.text == (isOther ? "0000bbbb-9" : "0000aaaa-9"))
        #expect((entry.history == history) == !isOther)
    }

    @Test("The position on a server without an epoch is a bare revision")
    mutating func bare() throws {
        _ = try read(Self.heartbeat(0), Self.resync(0), atMs: 0)
        #expect(reader.position?.text == "7")
    }

    @Test("The times of the panel are computed again if the server's clock is known better or was set")
    mutating func betterClock() throws {
        let order = Self.order("force_closed", expiresAt: #""\#(Self.instant(40))""#)
        let open = Self.breaker("a", "open", openUntil: #""\#(Self.instant(60))""#, override: order)
        _ = try read(Self.heartbeat(0), Self.resync(0, open), atMs: 9_000)
        #expect(openUntilMs("a") == 69_000)
        _ = try read(Self.heartbeat(10), atMs: 10_000)
        #expect(openUntilMs("a") == 60_000)
        let untilNs = summary("a")?.override?.untilNs
        #expect(untilNs == Self.startNs + 40_000 * nsPerMs)
        reader.begin(atNs: Self.startNs + 11_000 * nsPerMs)
        _ = try read(Self.heartbeat(31), atMs: 11_000)
        #expect(openUntilMs("a") == 40_000)
    }

    @Test(
        "A step of the server's clock moves no deadline, and the next heartbeat dates the panel",
        arguments: [(1_800, 0), (0, 1_800)]
    )
    mutating func clockStep(before: Int, after: Int) throws {
        let open = Self.breaker("a", "open", openUntil: #""\#(Self.instant(before + 60))""#)
        _ = try read(Self.heartbeat(before), Self.resync(before, open), atMs: 0)
        _ = try read(Self.heartbeat(before + 5, revision: "7"), atMs: 5_000)
        let moved = Self.breaker("a", "open", openUntil: #""\#(Self.instant(after + 60))""#)
        _ = try read(Self.resync(after + 10, reason: "clock_step", moved), atMs: 10_000)
        #expect(openUntilMs("a") == 60_000)
        let asOfMs = try read(Self.heartbeat(after + 11, revision: "7"), atMs: 11_000)
        #expect(asOfMs == 11_000 && openUntilMs("a") == 60_000)
    }

    @Test("A connection that begins with an earlier step of the server's clock has the time from its heartbeat")
    mutating func earlierClockStep() throws {
        _ = try read(Self.heartbeat(0), Self.resync(0), atMs: 0)
        reader.begin(atNs: Self.startNs)
        let open = Self.breaker("a", "open", openUntil: #""\#(Self.instant(960))""#)
        _ = try read(Self.heartbeat(900), Self.resync(60, reason: "clock_step", open), atMs: 1_000)
        #expect(openUntilMs("a") == 61_000)
    }

    @Test("The heartbeat after a step of the server's clock corrects the time of a connection that has just begun")
    mutating func clockStepAtBeginning() throws {
        _ = try read(Self.heartbeat(1_800), Self.resync(1_800), atMs: 0)
        reader.begin(atNs: Self.startNs)
        _ = try read(Self.heartbeat(1_802), atMs: 2_000)
        let open = Self.breaker("a", "open", openUntil: #""\#(Self.instant(60))""#)
        _ = try read(Self.resync(0, reason: "clock_step", open), atMs: 2_500)
        let asOfMs = try read(Self.heartbeat(1, revision: "7"), atMs: 3_500)
        #expect(asOfMs == 3_500 && openUntilMs("a") == 62_500)
    }

    @Test(
        "The stand-in for the server counts failures, even after extreme generations from the server",
        arguments: [Int64.max, .min]
    )
    mutating func ownNumbers(generation: Int64) throws {
        _ = try read(Self.heartbeat(0), Self.resync(0, Self.breaker("a", "closed", generation: generation)), atMs: 0)
        let name = try #require(BreakerName("a"))
        var standIn = StandIn(name, policy: Policy(), summary: summary("a"), absence: 1, atNs: Self.startNs)
        for _ in 1...5 { standIn.report(.failure(), permit: nil, durationMs: 0, atNs: Self.startNs) }
        let decision = standIn.acquire(atNs: Self.startNs)
        #expect(decision.state == .open)
    }

    @Test("A stream is read the same when it arrives byte by byte")
    mutating func split() throws {
        let text =
            Self.heartbeat(0) + "\n" + Self.resync(0, Self.breaker("a", "closed")) + "\n" + Self.heartbeat(1) + "\n"
        for byte in text.utf8 { _ = try reader.read(ByteBuffer(bytes: [byte]), atNs: Self.startNs) }
        #expect(summary("a")?.state == .closed && reader.position?.revision == 7)
    }

    @Test(
        "A breaker that only a later version can read is left to the server, and the others are known",
        arguments: [
            breaker("a", "ajar"), breaker("a", "open", openUntil: #""soon""#),
            breaker("a", "open", openUntil: #""9999-12-31T23:59:59.999Z""#),
            breaker("a", "open", openUntil: #""1824-01-01T00:00:00.000Z""#),
            breaker("a", "open", openUntil: #""2117-01-01T00:00:00.000Z""#),
            breaker("a", "closed", override: order("force_half", expiresAt: "null")),
            breaker("a", "closed", override: order("shadow", expiresAt: #""later""#)),
        ]
    )
    mutating func unreadable(breaker: String) throws {
        _ = try read(Self.heartbeat(0), Self.resync(0, breaker, Self.breaker("b", "closed")), atMs: 0)
        #expect(summary("a") == nil && summary("b")?.state == .closed)
        #expect(panel.entry("a").decide(atNs: Self.startNs) == nil)
    }

    @Test(
        "A line that is not in the server's format ends the connection",
        arguments: ["nonsense", #"{"type":"heartbeat","at":"soon"}"#]
    )
    func nonsense(line: String) {
        var reader = reader
        #expect(throws: (any Error).self) { try reader.read(ByteBuffer(string: line + "\n"), atNs: 0) }
    }

    @Test("The fastest message of the last minutes gives the server's clock, so that clocks may drift")
    func drift() throws {
        func times(_ serverSecond: Int, atMs nowMs: Int64) throws -> ServerTimes {
            let instant = try #require(Instant(rfc3339: Self.instant(serverSecond)))
            return try #require(ServerTimes(at: instant, nowNs: nowMs * nsPerMs))
        }
        let windowMs = ServerTimes.windowNs / nsPerMs
        var known = try times(0, atMs: 1_000)
        let first = known.offsetNs
        known.add(try times(1, atMs: 2_500))
        #expect(known.offsetNs == first, "that one was slower")
        known.add(try times(300, atMs: 1_000 + windowMs + 700))
        #expect(known.offsetNs == first, "the former window counts still")
        known.add(try times(600, atMs: 1_000 + 2 * windowMs + 1_400))
        #expect(known.offsetNs == first + 700 * nsPerMs, "the first is forgotten")
    }
}
