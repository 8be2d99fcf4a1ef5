import ArgumentParser
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
