import ArgumentParser

struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Run the server.",
        usage: "fusebox serve [options]",
        discussion: """
            Every option can also be given as an environment variable (FUSEBOX_LISTEN and so on) or in the file given \
            by --config; an option wins over the environment, the environment over the file.
            """
    )

    @Option(help: "Where to listen: host:port; port 0 picks one and prints it. (default: 127.0.0.1:7979)")
    var listen: String?

    @Option(help: "The database; made where there is none. (default: ./fusebox.db)")
    var db: String?

    @Option(help: "A YAML file with server settings, policies, profiles and breakers.")
    var config: String?

    @Option(help: "A file of tokens; without one, only this machine may connect. Read again at SIGHUP.")
    var tokens: String?

    @Option(help: "The server's certificate, with its intermediates, as PEM; it makes the server speak HTTPS.")
    var tlsCert: String?

    @Option(help: "The private key of the certificate, as PEM. Both files are read again at SIGHUP.")
    var tlsKey: String?

    @Option(help: "Accept only clients whose certificate one of these authorities (PEM) has signed.")
    var tlsClientCa: String?

    @Flag(help: "Listen beyond this machine even without tokens: anybody who reaches the port may do everything.")
    var insecure = false

    @Option(help: "trace, debug, info, notice, warning, error or critical. (default: info)")
    var logLevel: String?

    @Option(help: "text or json. (default: text)")
    var logFormat: String?

    func run() async throws {
        let options = SettingsSource(
            name: { "--" + $0.replacing("_", with: "-") },
            values: [
                .listen: listen, .db: db, .config: config, .tokens: tokens, .insecure: insecure ? "true" : nil,
                .tlsCertificate: tlsCert, .tlsKey: tlsKey, .tlsClientCA: tlsClientCa, .logLevel: logLevel,
                .logFormat: logFormat,
            ].compactMapValues { $0 }
        )
        let settings = try Settings.resolve(options: options)
        try await Server(settings: settings).run()
    }
}
