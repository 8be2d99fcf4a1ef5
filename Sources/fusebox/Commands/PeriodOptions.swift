import ArgumentParser
import Foundation

/// Options for a period in the past.
struct PeriodOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The start of the period: an instant such as 2026-11-24T14:00:00Z, a day, or a time ago such as 90m.",
            valueName: "time"
        ),
        transform: PastInstant.init
    )
    var from: PastInstant?

    @Option(
        help: ArgumentHelp("The end of the period, in the same form. (default: now)", valueName: "time"),
        transform: PastInstant.init
    )
    var to: PastInstant?

    /// The instant to which all relative times refer, so that a period has exactly the requested length.
    private let now = Date()

    private enum CodingKeys: CodingKey { case from, to }

    func validate() throws {
        if let from, from.date(at: now) >= to?.date(at: now) ?? now {
            throw ValidationError("--from must be before --to, which is now by default")
        }
    }

    var query: OperatorClient.Query { [("from", from.map(text)), ("to", to.map(text))] }

    /// The query, with an explicit end if it has a beginning.
    var closedQuery: OperatorClient.Query {
        [("from", from.map(text)), ("to", (to ?? from.map { _ in .ago(ms: 0) }).map(text))]
    }

    /// The length of the period in seconds; `nil` if the server decides it.
    var length: TimeInterval? {
        from.map { (to?.date(at: now) ?? now).timeIntervalSince($0.date(at: now)) }
    }

    private func text(_ instant: PastInstant) -> String {
        instant.date(at: now).formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true))
    }
}

/// An instant in the past, absolute or relative to the present.
enum PastInstant: Hashable, Sendable {
    case at(Date)
    case ago(ms: Int64)

    @Sendable
    init(_ text: String) throws {
        if let ms = DurationText.parse(text) {
            self = .ago(ms: ms)
        } else if let instant = Self.absolute(text) ?? Self.absolute(text + "T00:00:00Z") {
            self = .at(instant)
        } else {
            throw ValidationError(
                """
                \(text) is not a time; give an instant such as 2026-11-24T14:00:00Z, a day such as 2026-11-24, or a \
                time ago such as 90m
                """
            )
        }
    }

    /// An RFC 3339 instant, with or without fractional seconds.
    private static func absolute(_ text: String) -> Date? {
        (try? Date(text, strategy: Date.ISO8601FormatStyle(includingFractionalSeconds: true)))
            ?? (try? Date(text, strategy: Date.ISO8601FormatStyle()))
    }

    func date(at now: Date) -> Date {
        switch self {
        case .at(let date): date
        case .ago(let ms): now.addingTimeInterval(-Double(ms) / 1_000)
        }
    }
}
