import BreakerAPI
import BreakerCore
import BreakerText

/// Transitions of a breaker, one line each.
enum TransitionListing {
    static func lines(_ transitions: [TransitionDocument], on screen: Screen) -> [String] {
        var table = TextTable([
            .init("AT"), .init("FROM"), .init("TO"), .init("BY"), .init("WHY", least: 10),
        ])
        table.rows = transitions.map { transition in
            [
                TextTable.Cell(TimestampText.seconds(transition.at), .faint),
                TextTable.Cell(transition.from),
                TextTable.Cell(transition.to, BreakerDocument.stateStyle(transition.to)),
                TextTable.Cell(transition.actor ?? ""),
                TextTable.Cell(transition.detail),
            ]
        }
        return table.lines(on: screen)
    }
}
