import BreakerEngine
import BreakerHTTP
import Foundation
import Logging
import ServiceLifecycle
import UnixSignals

/// Reads the tokens and certificate files again at each SIGHUP. A file that cannot be read or has a mistake changes
/// nothing.
struct Reload: Service {
    /// The path of the tokens file; `nil` for a server without tokens, which a SIGHUP must not end either.
    let tokens: String?
    let gatekeeper: Gatekeeper
    let engine: Engine
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
            reloadTokens()
            reloadCertificates()
        }
    }

    private func reloadTokens() {
        guard let tokens else {
            logger.notice("The server has no tokens file to reload")
            return
        }
        do {
            let tokens = try Self.read(tokens, tls: tls?.files, logger: logger)
            gatekeeper.replace(tokens: tokens)
            engine.share(amongTokens: gatekeeper.workerTokens)
            logger.notice("The tokens were reloaded", metadata: ["tokens": "\(tokens.count)"])
        } catch {
            logger.error("Cannot reload the tokens; the old ones stay in use", metadata: ["error": "\(error)"])
        }
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
