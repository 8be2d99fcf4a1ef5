import BreakerEngine
import BreakerHTTP
import BreakerSQLite
import BreakerText
import Dispatch
import Foundation
import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle
import UnixSignals

/// Assembles the parts of a server, and runs them until shutdown.
struct Server {
    let settings: Settings
    /// Whether SIGTERM and SIGINT end the server; otherwise cancellation does.
    var handlesSignals = true
    /// Called with the server's URL when it listens.
    var onRunning: @Sendable (_ url: String) async -> Void

    /// How long a shutdown waits for requests in progress before it cuts them off. Queued changes are stored in any
    /// case. The whole shutdown fits into 20 s, the time that a supervisor must allow.
    static let gracefulShutdown = Duration.seconds(15)

    init(settings: Settings) {
        self.settings = settings
        let banner = Banner(settings: settings)
        onRunning = { banner.show(url: $0) }
    }

    func run() async throws {
        let logger = Self.logger("fusebox", settings: settings)
        // Before anything that takes time, because a deployment may send SIGHUP as soon as the process exists.
        let hangups = handlesSignals ? await Reload.trap() : nil
        let tokens = try readTokens(logger: logger)
        if let files = settings.tls { try ExposedFile.check(files, logger: logger) }
        let tls = try settings.tls.map { try ServerTLS($0) }
        var configuration = try httpConfiguration(tls: tls)
        let engine = try openEngine(on: configuration.eventLoops.next(), logger: logger)
        let gatekeeper = Gatekeeper(
            tokens: tokens,
            hosts: settings.hosts + [settings.listen.host],
            isLoopback: settings.listen.isLoopback,
            sessions: engine.sessions
        )
        let tokenReloader = settings.tokensPath.map { path in
            TokenReloader(path: path, gatekeeper: gatekeeper, engine: engine, tls: settings.tls, logger: logger)
        }
        configuration.reloadTokens = tokenReloader.map { reloader in
            TokenReload { try await reloader.reload(for: $0) }
        }
        let readiness = Readiness()
        let server = HTTPServer.service(
            engine: engine,
            gatekeeper: gatekeeper,
            readiness: readiness,
            configuration: configuration,
            logger: Self.logger("http", settings: settings, atLeast: .notice)
        ) { address in
            await announce(address, isEncrypted: tls != nil, hasTokens: tokens != nil, logger: logger)
        }
        var services: [any Service] = [engine]
        if let hangups {
            services.append(
                Reload(tokens: tokenReloader, tls: tls, signals: hangups, logger: logger)
            )
        }
        // Services shut down in reverse order: readiness first, then the server, and the engine last.
        services += [server, readiness]
        try await run(services)
    }

    /// Reads the tokens file, which the first start of a container creates; `nil` for a server without tokens.
    private func readTokens(logger: Logger) throws -> [Token]? {
        if let path = settings.defaultTokensPath {
            try InitialTokens.make(at: path, database: settings.databasePath)
        }
        return try settings.tokensPath.map { try TokenReloader.read($0, tls: settings.tls, logger: logger) }
    }

    private func httpConfiguration(tls: ServerTLS?) throws -> HTTPServer.Configuration {
        let connections = try ConnectionLimit.raise()
        var configuration = HTTPServer.Configuration(
            host: settings.listen.host,
            port: settings.listen.port,
            maximumConnections: connections,
            // The event loops end with the process: a connection that was accepted last may still have to be closed.
            eventLoops: MultiThreadedEventLoopGroup(numberOfThreads: HTTPServer.Configuration.eventLoopCount)
        )
        configuration.metricsBreakers = settings.metricsBreakers
        configuration.tls = tls
        configuration.label = settings.label
        return configuration
    }

    /// Called when the server listens.
    private func announce(_ address: SocketAddress, isEncrypted: Bool, hasTokens: Bool, logger: Logger) async {
        if hasTokens, !isEncrypted, !settings.listen.isLoopback {
            logger.warning(
                "Tokens are sent unencrypted; set tls_cert and tls_key unless a proxy encrypts or the network is trusted",
                metadata: ["listen": "\(settings.listen)"]
            )
        }
        let bound = ListenAddress(host: settings.listen.host, port: address.port ?? settings.listen.port)
        await onRunning("\(isEncrypted ? "https" : "http")://\(bound)")
    }

    private func run(_ services: [any Service]) async throws {
        var lifecycle = ServiceGroupConfiguration(
            services: services,
            gracefulShutdownSignals: handlesSignals ? [.sigterm, .sigint] : [],
            logger: Self.logger("lifecycle", settings: settings, atLeast: .notice)
        )
        lifecycle.maximumGracefulShutdownDuration = Self.gracefulShutdown
        do {
            try await ServiceGroup(configuration: lifecycle).run()
        } catch let error as IOError {
            throw SettingsError(description: "cannot listen on \(settings.listen): \(error.reasonInWords)")
        } catch is SocketAddressError.UnknownHost {
            throw SettingsError(description: "cannot listen on \(settings.listen): the host is unknown")
        }
    }

    private func openEngine(on eventLoop: any EventLoop, logger: Logger) throws -> Engine {
        let clock = AnchoredClock()
        let store = try SQLiteStore.open(path: settings.databasePath, at: clock.now())
        try ExposedFile.check(store.path, logger: logger)
        var configuration = Engine.Configuration()
        configuration.book = settings.book
        configuration.maximumBreakers = settings.maximumBreakers
        configuration.breakersPerToken = settings.breakersPerToken
        configuration.mayWorkersCreate = settings.mayWorkersCreate
        return try Engine(
            store: store,
            reader: try store.reader(),
            configuration: configuration,
            clock: clock,
            eventLoop: eventLoop,
            logger: logger
        )
    }

    private static func logger(_ label: String, settings: Settings, atLeast level: Logger.Level = .trace) -> Logger {
        var logger = Logger(label: label) { LineLogHandler(label: $0, format: settings.logFormat) }
        logger.logLevel = max(settings.logLevel, settings.logLevel < .info ? settings.logLevel : level)
        return logger
    }
}

extension IOError {
    fileprivate var reasonInWords: String {
        errnoCode == EADDRINUSE ? "another process listens there" : String(cString: strerror(errnoCode))
    }
}

/// The text that a server prints when it is up: on a terminal the first steps, otherwise only the address.
struct Banner: Sendable {
    private let databasePath: String
    private let tokensPath: String?
    private let isLoopback: Bool

    init(settings: Settings) {
        databasePath = URL(fileURLWithPath: settings.databasePath).path.printable
        tokensPath = settings.tokensPath?.printable
        isLoopback = settings.listen.isLoopback
    }

    func show(url: String) {
        let text = isatty(STDOUT_FILENO) == 1 ? person(url) : "listening on \(url)\n"
        // On another thread, because a pipe that is not read must not keep the server from serving.
        DispatchQueue.global().async { _ = Output.put(Array(text.utf8), to: STDOUT_FILENO) }
    }

    private func person(_ url: String) -> String {
        let authorization = tokensPath == nil ? "" : " -H \"authorization: Bearer $TOKEN\""
        let reach = isLoopback ? "any user of this machine" : "any client that reaches the port"
        return """

              Fusebox listens on  \(url)
              database            \(databasePath)
              tokens              \(tokensPath.map { "from \($0)" } ?? "none: \(reach) may do everything")

              try it:  curl -X POST\(authorization) \(url)/v1/breakers/payments/acquire


            """
    }
}
