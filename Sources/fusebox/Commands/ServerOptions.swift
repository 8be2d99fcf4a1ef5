import ArgumentParser
import Foundation

/// Which server a command talks to.
struct ServerOptions: ParsableArguments {
    @Option(
        help: """
            Its address. (default: FUSEBOX_URL, else FUSEBOX_LISTEN on this machine, else the current context, else \
            port 7979)
            """
    )
    var url: String?

    @Option(
        help: ArgumentHelp("Its name in the file of contexts. (default: FUSEBOX_CONTEXT)", valueName: "name")
    )
    var context: String?

    @Option(
        help: ArgumentHelp(
            "A file with the secret of a token. (default: FUSEBOX_TOKEN, else that of the context)",
            valueName: "file"
        )
    )
    var tokenFile: String?

    /// A token's secret comes from the environment or a file: a command line is for all to see.
    func place() throws -> ServerPlace {
        try ServerPlace(
            ServerPlace.Choice(
                url: url,
                context: context,
                tokenFile: tokenFile,
                environment: ProcessInfo.processInfo.environment
            )
        )
    }
}

/// What a command could not get from its server.
struct ServerFailure: Error, CustomStringConvertible {
    var description: String
    /// Nothing answered.
    var isUnreachable = false
}
