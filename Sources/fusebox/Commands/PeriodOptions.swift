import ArgumentParser
import Foundation

/// A period of the past.
struct PeriodOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "From when: an instant like 2026-11-24T14:00:00Z, a day, or how long ago, like 90m.",
            valueName: "time"
        ),
        transform: PeriodOptions.instant
    )
    var from: Date?

    @Option(
        help: ArgumentHelp("Until when, likewise. (default: now)", valueName: "time"),
        transform: PeriodOptions.instant
    )
    var to: Date?

    func validate() throws {
        if let from, from >= to ?? Date() { throw ValidationError("--from must be before --to (now, if absent)") }
    }

    var query: OperatorClient.Query { [("from", from.map(Self.text)), ("to", to.map(Self.text))] }

    @Sendable
    private static func instant(_ text: String) throws -> Date {
        if let ms = DurationText.parse(text) { return Date(timeIntervalSinceNow: -Double(ms) / 1_000) }
        let day = text + "T00:00:00Z"
        guard let instant = OperatorJSON.instant(text) ?? OperatorJSON.instant(day) else {
            throw ValidationError(
                "\(text) is no time: an instant like 2026-11-24T14:00:00Z, a day like 2026-11-24, or how long ago, like 90m"
            )
        }
        return instant
    }

    private static func text(_ instant: Date) -> String {
        instant.formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true))
    }
}
