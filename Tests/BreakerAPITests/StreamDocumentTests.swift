import BreakerAPI
import BreakerCore
import Foundation
import Testing

@Suite("The documents of the stream")
struct StreamDocumentTests {
    private static let start = Instant(milliseconds: 1_767_225_600_000)

    private func summary() throws -> BreakerSummaryDocument {
        let summary = BreakerSummary(
            state: .open,
            generation: 7,
            since: Self.start,
            openUntil: Self.start.advanced(byMilliseconds: 60_000),
            policyRevision: 3,
            override: Override(mode: .shadow, reason: "drill", actor: "ops", since: Self.start, expiresAt: nil)
        )
        return BreakerSummaryDocument(summary, of: try #require(BreakerName("web")))
    }

    private func change(_ kind: Journal.Change.Kind, summary: BreakerSummary?) throws -> ChangeDocument {
        let name = try #require(BreakerName("web"))
        let change = Journal.Change(
            revision: 8,
            name: name,
            breakerID: 1,
            at: Self.start,
            kind: kind,
            summary: summary
        )
        return ChangeDocument(change, id: "0000aaaa-8")
    }

    private func event(_ document: some Document) throws -> EventDocument {
        try JSONDecoder().decode(EventDocument.self, from: Data(document.bytes))
    }

    private func text(_ document: some Document) -> String { String(decoding: document.bytes, as: UTF8.self) }

    @Test("A client reads a transition with the breaker after it")
    func transition() throws {
        let summary = BreakerSummary(
            state: .halfOpen,
            generation: 8,
            since: Self.start,
            openUntil: nil,
            policyRevision: 3,
            override: nil
        )
        let transition = Transition(
            revision: 8,
            from: .open,
            to: .halfOpen,
            cause: .recoveryTimeout,
            detail: "1 min passed",
            actor: nil,
            at: Self.start
        )
        let document = try change(.transition(transition), summary: summary)
        #expect(
            text(document) == #"""
                {"id":"0000aaaa-8","revision":8,"type":"transition","name":"web","at":"2026-01-01T00:00:00.000Z",\#
                "actor":null,"state":"half_open","generation":8,"since":"2026-01-01T00:00:00.000Z",\#
                "open_until":null,"override":null,"policy_revision":3,\#
                "transition":{"from":"open","to":"half_open","cause":"recovery_timeout","detail":"1 min passed",\#
                "actor":null}}
                """#
        )
        let event = try event(document)
        #expect(event.type == "transition" && event.id == "0000aaaa-8" && event.revision == 8)
        #expect(event.name == "web" && event.at == Self.start)
        let name = try #require(BreakerName("web"))
        #expect(event.summary == BreakerSummaryDocument(summary, of: name))
        #expect(event.transition == document.transition)
    }

    @Test("The breaker of a deletion has only nulls, and a client reads it as absent")
    func deletion() throws {
        let document = try change(.deleted(actor: "ops"), summary: nil)
        #expect(
            text(document) == #"""
                {"id":"0000aaaa-8","revision":8,"type":"deleted","name":"web","at":"2026-01-01T00:00:00.000Z",\#
                "actor":"ops","state":null,"generation":null,"since":null,"open_until":null,"override":null,\#
                "policy_revision":null,"transition":null}
                """#
        )
        let event = try event(document)
        #expect(event.name == "web" && event.actor == "ops" && event.summary == nil)
    }

    @Test("A client reads every breaker of a resync")
    func resync() throws {
        let breaker = try summary()
        let document = ResyncDocument(
            id: "0000aaaa-9",
            revision: 9,
            epoch: "0000aaaa",
            reason: "start",
            at: Self.start,
            breakers: [breaker]
        )
        #expect(
            text(document) == #"""
                {"id":"0000aaaa-9","revision":9,"epoch":"0000aaaa","type":"resync","reason":"start",\#
                "at":"2026-01-01T00:00:00.000Z","breakers":[{"name":"web","state":"open","generation":7,\#
                "since":"2026-01-01T00:00:00.000Z","open_until":"2026-01-01T00:01:00.000Z",\#
                "override":{"mode":"shadow","reason":"drill","actor":"ops","since":"2026-01-01T00:00:00.000Z",\#
                "expires_at":null},"policy_revision":3}]}
                """#
        )
        let event = try event(document)
        #expect(event.breakers == document.breakers && event.epoch == "0000aaaa" && event.revision == 9)
    }

    @Test("A client loses only the breaker that it cannot read")
    func unreadable() throws {
        let readable = try summary()
        let line = """
            {"type":"resync","at":"2026-01-01T00:00:00.000Z","breakers":[{"name":"a","state":7},\(text(readable))]}
            """
        let event = try JSONDecoder().decode(EventDocument.self, from: Data(line.utf8))
        #expect(event.breakers == [readable])
    }

    @Test("A heartbeat has a position unless there was no change yet", arguments: [nil, 9] as [Int64?])
    func heartbeat(revision: Int64?) throws {
        let document = HeartbeatDocument(at: Self.start, id: revision.map { "0000aaaa-\($0)" }, revision: revision)
        let position = revision.map { #""id":"0000aaaa-\#($0)","revision":\#($0)"# } ?? #""id":null,"revision":null"#
        #expect(text(document) == #"{"type":"heartbeat","at":"2026-01-01T00:00:00.000Z",\#(position)}"#)
        let event = try event(document)
        #expect(event.type == "heartbeat" && event.at == Self.start && event.revision == revision)
    }
}
