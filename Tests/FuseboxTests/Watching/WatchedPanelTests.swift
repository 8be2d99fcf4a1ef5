import BreakerAPI
import Foundation
import Testing

@testable import fusebox

@Suite struct WatchedPanelTests {
    private func event(_ json: String) throws -> EventDocument {
        try JSONDecoder().decode(EventDocument.self, from: Data(json.utf8))
    }

    private func resync(_ breakers: String) throws -> EventDocument {
        try event(
            #"{"revision":9,"type":"resync","reason":"start","at":"2026-11-24T19:00:00.000Z","breakers":[\#(breakers)]}"#
        )
    }

    private func summary(_ name: String, _ state: String, override: String = "null", second: Int = 10) -> String {
        #"{"name":"\#(name)","state":"\#(state)","generation":7,"since":"2026-11-24T18:00:\#(second).000Z","#
            + #""override":\#(override),"policy_revision":7}"#
    }

    private func texts(_ lines: [ChangeLine]) -> [String] { lines.map { $0.text(on: .plain) } }

    @Test(
        "A change is shown as one line with its order and its cause",
        arguments: [
            (
                #""type":"created","state":"closed","actor":null,"transition":null"#,
                "2026-11-24 19:50:33Z  web  created"
            ),
            (
                #""type":"policy","state":"closed","actor":"ops","transition":null"#,
                "2026-11-24 19:50:33Z  web  policy  by ops"
            ),
            (
                #""type":"transition","state":"open","actor":null,"transition":{"from":"closed","to":"open","cause":"failure_threshold","detail":"2 failures"}"#,
                "2026-11-24 19:50:33Z  web  closed → open  2 failures"
            ),
            (
                #""type":"transition","state":"closed","actor":"ops","transition":{"from":"closed","to":"closed","cause":"override_set","detail":"put in shadow\u001b[2J"}"#,
                "2026-11-24 19:50:33Z  web  closed  put in shadow\u{fffd}[2J"
            ),
            (
                #""type":"deleted","state":null,"actor":"ops","transition":null"#,
                "2026-11-24 19:50:33Z  web  deleted  by ops"
            ),
        ]
    )
    func line(members: String, text: String) throws {
        var panel = WatchedPanel()
        let event = try event(#"{"revision":8,"name":"web","at":"2026-11-24T19:50:33.738Z",\#(members)}"#)
        #expect(texts(panel.take(event)) == [text])
    }

    @Test("The first resync of a stream prints nothing, and a later one prints the changes that were missed")
    func missed() throws {
        var panel = WatchedPanel()
        let names = ["same", "trips", "goes", "ordered"].map { summary($0, "closed") }
        #expect(panel.take(try resync(names.joined(separator: ","))) == [])
        let order = #"{"mode":"shadow","reason":"drill","actor":"ops","since":"2026-11-24T18:30:00.000Z"}"#
        let later = [
            summary("same", "closed"), summary("trips", "open"), summary("fresh", "closed"),
            summary("ordered", "closed", override: order),
        ]
        let lines = texts(panel.take(try resync(later.joined(separator: ",")))).map { $0.dropFirst(22) }
        #expect(
            lines == [
                "trips  closed → open  details unknown", "fresh  created, closed  details unknown",
                "ordered  closed  details unknown; shadow by ops: drill", "goes  deleted  details unknown",
            ]
        )
        #expect(panel.take(try resync(later.joined(separator: ","))) == [])
    }

    @Test("A resync after the server's clock was set prints nothing, because only instants differ")
    func clockStep() throws {
        var panel = WatchedPanel()
        _ = panel.take(try resync(summary("web", "closed", second: 10)))
        #expect(panel.take(try resync(summary("web", "closed", second: 40))) == [])
    }

    @Test("A heartbeat prints nothing")
    func heartbeat() throws {
        var panel = WatchedPanel()
        #expect(panel.take(try event(#"{"type":"heartbeat","at":"2026-11-24T19:00:00.000Z","revision":8}"#)) == [])
        #expect(!panel.isKnown)
    }

    @Test("The delays between attempts grow up to a limit, and are random")
    func delays() {
        var (delays, all) = (RetryDelays(), [Duration]())
        for _ in 0..<12 { all.append(delays.next()) }
        for (delay, longest) in zip(all, [0.5, 1, 2, 4, 5, 5, 5, 5, 5, 5, 5, 5]) {
            #expect(delay >= .seconds(longest / 2) && delay <= .seconds(longest))
        }
        #expect(Set(all).count == all.count)
    }
}
