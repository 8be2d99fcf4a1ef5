import ArgumentParser
import BreakerCore
import Foundation

/// Options that select the server of a command.
struct ServerOptions: ParsableArguments {
    @Option(
        help: """
            The URL of the server. (default: FUSEBOX_URL, else FUSEBOX_LISTEN on this machine, else the current \
            context, else port 7979 on this machine)
            """
    )
    var url: String?

    @Option(
        help: ArgumentHelp("The server's name in the contexts file. (default: FUSEBOX_CONTEXT)", valueName: "name")
    )
    var context: String?

    @Option(
        help: ArgumentHelp(
            """
            A file with the secret of a token. (default: the token of --context, else FUSEBOX_TOKEN, else the token \
            of the context in use)
            """,
            valueName: "file"
        )
    )
    var tokenFile: String?

    @Option(
        help: ArgumentHelp(
            """
            The PEM file of the authority that signed the server's certificate. (default: FUSEBOX_CA_FILE, else the \
            context's file, else the system's authorities)
            """,
            valueName: "file"
        )
    )
    var caFile: String?

    @Option(
        help: ArgumentHelp(
            "The PEM file of your own certificate, if the server requires one. (default: FUSEBOX_CERT_FILE)",
            valueName: "file"
        )
    )
    var certFile: String?

    @Option(
        help: ArgumentHelp("The PEM file of your certificate's key. (default: FUSEBOX_KEY_FILE)", valueName: "file")
    )
    var keyFile: String?

    /// The selected server. Its token comes from the environment or a file, because all users can see a command line.
    func address() throws -> ServerAddress {
        try ServerAddress(
            ServerAddress.Choice(
                url: url,
                context: context,
                tokenFile: tokenFile,
                tls: ClientTLS(caFile: caFile, certificateFile: certFile, keyFile: keyFile),
                environment: ProcessInfo.processInfo.environment
            )
        )
    }
}

/// The error of a command that got no usable answer from its server.
struct ServerFailure: Error, CustomStringConvertible {
    var description: String
    /// Whether the server did not answer at all.
    var isUnreachable = false
}

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
    private let now = Instant.now()

    private enum CodingKeys: CodingKey { case from, to }

    func validate() throws {
        if let from, from.instant(at: now) >= to?.instant(at: now) ?? now {
            throw ValidationError("--from must be before --to, which is now by default")
        }
    }

    var query: OperatorClient.Query { [("from", from.map(text)), ("to", to.map(text))] }

    /// The query, with an explicit end if it has a beginning.
    var closedQuery: OperatorClient.Query {
        [("from", from.map(text)), ("to", (to ?? from.map { _ in .ago(ms: 0) }).map(text))]
    }

    /// The length of the period in milliseconds; `nil` if the server decides it.
    var lengthMs: Int64? {
        from.map { $0.instant(at: now).milliseconds(until: to?.instant(at: now) ?? now) }
    }

    private func text(_ instant: PastInstant) -> String { instant.instant(at: now).timestamp }
}

/// An instant in the past, absolute or relative to the present.
enum PastInstant: Hashable, Sendable {
    case at(Instant)
    case ago(ms: Int64)

    @Sendable
    init(_ text: String) throws {
        if let ms = DurationText.parse(text) {
            self = .ago(ms: ms)
        } else if let instant = Instant(rfc3339: text) ?? Instant(rfc3339: text + "T00:00:00Z") {
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

    func instant(at now: Instant) -> Instant {
        switch self {
        case .at(let instant): instant
        case .ago(let ms): now.advanced(byMilliseconds: -ms)
        }
    }
}
