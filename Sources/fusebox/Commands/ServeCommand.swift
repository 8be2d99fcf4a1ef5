import ArgumentParser
import AsyncHTTPClient
import BreakerClient
import NIOSSL

struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Run the server.",
        usage: "fusebox serve [options]",
        discussion: """
            Every option can also be set by an environment variable (FUSEBOX_LISTEN and so on) or in the file given by \
            --config. An option takes precedence over the environment, and the environment over the file.
            """
    )

    @Option(help: "The host:port to listen on; port 0 picks a free port and prints it. (default: 127.0.0.1:7979)")
    var listen: String?

    @Option(help: "The name by which operators know this server, such as production: on the page and in prompts.")
    var name: String?

    @Option(help: "The colour of that name: red, amber, green, blue, violet or grey.")
    var colour: String?

    @Option(help: "The database file; created if it does not exist. (default: ./fusebox.db)")
    var db: String?

    @Option(help: "A YAML file with server settings, policies, profiles and breakers.")
    var config: String?

    @Option(help: "A tokens file; without one, only this machine may connect. SIGHUP reloads the file.")
    var tokens: String?

    @Option(help: "The PEM file of the server's certificate and its intermediates; with it, the server speaks HTTPS.")
    var tlsCert: String?

    @Option(help: "The PEM file of the certificate's private key. SIGHUP reloads both files.")
    var tlsKey: String?

    @Option(help: "Accept only clients with a certificate that an authority in this PEM file has signed.")
    var tlsClientCa: String?

    @Flag(help: "Accept other machines even without tokens: any client that reaches the port may do everything.")
    var insecure = false

    @Option(help: "The log level: trace, debug, info, notice, warning, error or critical. (default: info)")
    var logLevel: String?

    @Option(help: "The log format: text or json. (default: text)")
    var logFormat: String?

    func run() async throws {
        let options = SettingsSource(
            name: { "--" + $0.replacing("_", with: "-") },
            values: [
                .listen: listen, .name: name, .colour: colour, .db: db, .config: config, .tokens: tokens,
                .insecure: insecure ? "true" : nil, .tlsCertificate: tlsCert, .tlsKey: tlsKey,
                .tlsClientCA: tlsClientCa, .logLevel: logLevel, .logFormat: logFormat,
            ].compactMapValues { $0 }
        )
        let settings = try Settings.resolve(options: options)
        try await Server(settings: settings).run()
    }
}

struct HealthCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "health",
        abstract: "Check whether a server is ready: exit with 0 if it is, with 1 if not.",
        usage: "fusebox health"
    )

    @OptionGroup(title: "Server options") var server: ServerOptions

    func run() async throws {
        let address = try server.address()
        let client = FuseboxClient(url: address.url, http: http(address))
        let isReady = try await address.reached { try await client.isReady() }
        guard isReady else { throw ServerFailure(description: "\(address.url) is not ready") }
        print("ready")
    }

    /// The HTTP client. It does not verify the certificate of a server that it found by the server's own environment,
    /// unless a CA file is given: in a container's health check, for example, the certificate is rarely valid for the
    /// local address. No token is sent, so the certificate need not be verified.
    private func http(_ address: ServerAddress) -> HTTPClient {
        guard address.isOwnServer, server.caFile == nil else { return address.http }
        var tls = address.tls ?? .makeClientConfiguration()
        tls.certificateVerification = .none
        return .forFusebox(tls: tls)
    }
}
