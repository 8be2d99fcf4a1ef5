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

    @Option(
        help: ArgumentHelp(
            "The authority of its certificate, as PEM. (default: FUSEBOX_CA_FILE, else the context's, else the system's)",
            valueName: "file"
        )
    )
    var caFile: String?

    @Option(
        help: ArgumentHelp(
            "Your own certificate, as PEM, for a server that asks for one. (default: FUSEBOX_CERT_FILE)",
            valueName: "file"
        )
    )
    var certFile: String?

    @Option(help: ArgumentHelp("The key of your own certificate. (default: FUSEBOX_KEY_FILE)", valueName: "file"))
    var keyFile: String?

    /// A token's secret comes from the environment or a file: a command line is for all to see.
    func place() throws -> ServerPlace {
        try ServerPlace(
            ServerPlace.Choice(
                url: url,
                context: context,
                tokenFile: tokenFile,
                tls: ClientTLS(caFile: caFile, certificateFile: certFile, keyFile: keyFile),
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
