import BreakerEngine
import BreakerHTTP
import BreakerSQLite
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
        var tokens: [Token]?
        if let path = settings.defaultTokensPath {
            try InitialTokens.make(at: path, database: settings.databasePath)
        }
        if let path = settings.tokensPath { tokens = try Reload.read(path, tls: settings.tls, logger: logger) }
        if let files = settings.tls { try ExposedFile.check(files, logger: logger) }
        let tls = try settings.tls.map { try ServerTLS($0) }
        let isExposed = tls == nil && tokens != nil && !settings.listen.isLoopback
        let connections = try ConnectionLimit.raise()
        // The event loops end with the process: a connection that was accepted last may still have to be closed.
        let eventLoops = MultiThreadedEventLoopGroup(numberOfThreads: HTTPServer.Configuration.eventLoopCount)
        let engine = try openEngine(on: eventLoops.next(), logger: logger)
        let gatekeeper = Gatekeeper(
            tokens: tokens,
            hosts: settings.hosts + [settings.listen.host],
            isLoopback: settings.listen.isLoopback,
            sessions: engine.sessions
        )
        let readiness = Readiness()

        var configuration = HTTPServer.Configuration(
            host: settings.listen.host,
            port: settings.listen.port,
            maximumConnections: connections,
            eventLoops: eventLoops
        )
        configuration.metricsBreakers = settings.metricsBreakers
        configuration.tls = tls
        let server = HTTPServer.service(
            engine: engine,
            gatekeeper: gatekeeper,
            readiness: readiness,
            configuration: configuration,
            logger: Self.logger("http", settings: settings, atLeast: .notice)
        ) { [settings, onRunning] address in
            if isExposed {
                logger.warning(
                    "Tokens are sent unencrypted; set tls_cert and tls_key unless a proxy encrypts or the network is trusted",
                    metadata: ["listen": "\(settings.listen)"]
                )
            }
            let bound = ListenAddress(host: settings.listen.host, port: address.port ?? settings.listen.port)
            await onRunning("\(tls == nil ? "http" : "https")://\(bound)")
        }
        var services: [any Service] = [engine]
        if let hangups {
            let path = settings.tokensPath
            services.append(
                Reload(
                    tokens: path,
                    gatekeeper: gatekeeper,
                    engine: engine,
                    tls: tls,
                    signals: hangups,
                    logger: logger
                )
            )
        }
        // Services shut down in reverse order: readiness first, then the server, and the engine last.
        services += [server, readiness]
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
        var logger = Logger(label: label, factory: settings.logFormat.handler)
        logger.logLevel = max(settings.logLevel, settings.logLevel < .info ? settings.logLevel : level)
        return logger
    }
}

extension IOError {
    fileprivate var reasonInWords: String {
        errnoCode == EADDRINUSE ? "another process listens there" : String(cString: strerror(errnoCode))
    }
}
