import BreakerCore
import BreakerEngine
import BreakerHTTP
import Foundation
import Logging
import ServiceLifecycle
import UnixSignals

/// Reads the tokens and certificate files again at each SIGHUP. A file that cannot be read or has a mistake changes
/// nothing.
struct Reload: Service {
    /// `nil` for a server without tokens, which a SIGHUP must not end either.
    let tokens: TokenReloader?
    /// `nil` for a server of plain HTTP.
    let tls: ServerTLS?
    let signals: UnixSignalsSequence
    let logger: Logger

    /// Traps SIGHUP, which by default ends the process. Signals that arrive before the service runs are kept for it.
    static func trap() async -> UnixSignalsSequence {
        await UnixSignalsSequence(trapping: .sighup)
    }

    func run() async throws {
        for await _ in signals.cancelOnGracefulShutdown() {
            await reloadTokens()
            reloadCertificates()
        }
    }

    private func reloadTokens() async {
        guard let tokens else {
            logger.notice("The server has no tokens file to reload")
            return
        }
        // The log has the error.
        _ = try? await tokens.reload(for: nil)
    }

    private func reloadCertificates() {
        guard let tls else { return }
        do {
            try ExposedFile.check(tls.files, logger: logger)
            try tls.reload()
            logger.notice("The certificates were reloaded")
        } catch {
            logger.error("Cannot reload the certificates; the old ones stay in use", metadata: ["error": "\(error)"])
        }
    }
}

/// Reads the tokens file of a running server again. It is an actor, so that the tokens of an earlier reading never
/// replace those of a later one.
actor TokenReloader {
    private let path: String
    private let gatekeeper: Gatekeeper
    private let engine: Engine
    /// The TLS files, which decide whether the server accepts clients' certificates.
    private let tls: ServerTLS.Files?
    private let logger: Logger

    init(path: String, gatekeeper: Gatekeeper, engine: Engine, tls: ServerTLS.Files?, logger: Logger) {
        self.path = path
        self.gatekeeper = gatekeeper
        self.engine = engine
        self.tls = tls
        self.logger = logger
    }

    /// - Parameter author: the operator who asked for it; `nil` after a signal.
    /// - Returns: the number of tokens.
    /// - Throws: as ``read(_:tls:logger:)``. Then the old tokens stay in force.
    func reload(for author: Author?) throws -> Int {
        var metadata: Logger.Metadata = [:]
        if let author { metadata = ["actor": "\(author.actor)", "address": "\(author.address ?? "-")"] }
        do {
            let tokens = try Self.read(path, tls: tls, logger: logger)
            gatekeeper.replace(tokens: tokens)
            engine.share(amongTokens: gatekeeper.workerTokens)
            metadata["tokens"] = "\(tokens.count)"
            logger.notice("The tokens were reloaded", metadata: metadata)
            return tokens.count
        } catch {
            metadata["error"] = "\(error)"
            logger.error("Cannot reload the tokens; the old ones stay in use", metadata: metadata)
            throw error
        }
    }

    /// - Parameter tls: the TLS files, which decide whether the server accepts clients' certificates.
    /// - Throws: ``SettingsError``, `StoreError` or `TokenFile.Failure`, each of which names the file.
    static func read(_ path: String, tls: ServerTLS.Files?, logger: Logger) throws -> [Token] {
        try ExposedFile.check(path, logger: logger)
        let text: String
        do {
            text = try String(contentsOfFile: path, encoding: .utf8)
        } catch {
            throw SettingsError(description: "\(path) cannot be read: \(error.localizedDescription)")
        }
        return try TokenFile.parse(text, file: path, acceptsCertificates: tls?.clientCA != nil)
    }
}
