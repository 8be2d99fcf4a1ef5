import BreakerAPI
import BreakerCore
import Foundation
import Testing

@testable import fusebox

@Suite struct WatchViewTests {
    private static let start = Instant(milliseconds: 1_800_000_000_000)

    private func list(_ names: [String], state: String = "open") throws -> WatchView.Content {
        let since = Self.start.advanced(byMilliseconds: -90_000)
        let openUntil = Self.start.advanced(byMilliseconds: 30_000)
        let breakers = names.map { name in
            """
            {"name":"\(name)","state":"\(state)","generation":7,"since":"\(since.timestamp)","policy":{},
            "open_until":"\(openUntil.timestamp)","policy_source":"api","rules":[],
            "counts":{"consecutive_failures":0,"calls":0,"failures":0,"slow":0},
            "decisions":{"allowed":0,"denied":0},
            "probes":{"in_flight":0,"limit":1,"successes":0,"success_threshold":1,"lost":0},
            "openings_last_hour":1,"unstable":false,"created_at":"\(since.timestamp)"}
            """
        }
        let json = """
            {"breakers":[\(breakers.joined(separator: ","))],"next_page_token":"",
            "counts":{"total":\(names.count),"closed":0,"open":\(names.count),"half_open":0,"overridden":0}}
            """
        return .list(try JSONDecoder().decode(BreakerListDocument.self, from: Data(json.utf8)))
    }

    private func view(_ content: WatchView.Content) -> WatchView {
        var view = WatchView(title: "http://127.0.0.1:7979", at: Self.start)
        view.content = content
        return view
    }

    private func lines(_ view: WatchView, after seconds: Double, width: Int = 80, height: Int = 24) -> [String] {
        let now = Self.start.advanced(byMilliseconds: Int64(seconds * 1_000))
        return view.lines(on: Screen(width: width, height: height), at: now)
    }

    @Test(
        "A countdown continues between the server's messages, and is rounded up",
        arguments: [(0, 30), (0.2, 30), (11, 19)]
    )
    func countdown(seconds: Double, shown: Int) throws {
        let lines = lines(view(try list(["payments"])), after: seconds)
        #expect(lines[4].contains("  probe in \(shown) s"), "\(lines)")
        #expect(lines[4].contains("  \(90 + Int(seconds)) s  "), "\(lines)")
    }

    @Test("A countdown takes into account how far the server's clock is ahead")
    func clock() throws {
        var view = view(try list(["payments"]))
        view.clockAheadMs = 10_000
        #expect(lines(view, after: 0)[4].contains("probe in 20 s"))
    }

    @Test("A server is shown as stale after a while without a message, and at once if it is away")
    func stale() throws {
        var view = view(try list(["payments"]))
        #expect(lines(view, after: 5)[0].hasSuffix("● live"))
        #expect(lines(view, after: 12)[0].hasSuffix("○ stale for 12 s"))
        view.trouble = "cannot be reached: nothing listens there"
        #expect(lines(view, after: 1)[0].hasSuffix("○ stale for 1 s: cannot be reached: nothing listens there"))
        view.trouble = nil
        view.lastSign = Self.start.advanced(byMilliseconds: 12_000)
        #expect(lines(view, after: 12)[0].hasSuffix("● live"))
    }

    @Test(
        "Breakers that do not fit on the screen are counted, and no line is longer than the screen",
        arguments: [4, 8, 24, 60]
    )
    func room(height: Int) throws {
        let names = (1...40).map { "payments:\($0)" }
        let lines = lines(view(try list(names)), after: 0, width: 50, height: height)
        #expect(lines.count <= height - 1)
        #expect(lines.allSatisfy { $0.columns <= 50 }, "\(lines)")
        let shown = lines.count { $0.contains("  payments:") }
        #expect(lines.last == (shown == 40 ? lines.last : "… and \(40 - shown) more"))
        #expect((height == 60) == (shown == 40))
    }
}
