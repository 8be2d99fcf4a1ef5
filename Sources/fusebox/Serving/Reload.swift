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
