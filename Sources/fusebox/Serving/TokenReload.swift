import BreakerHTTP
import Foundation
import Logging
import ServiceLifecycle
import UnixSignals

/// Reads the tokens file again at each SIGHUP. A file that cannot be read or has a mistake changes nothing.
struct TokenReload: Service {
    /// `nil` for a server without tokens, which a SIGHUP must not end either.
    let path: String?
    let signals: UnixSignalsSequence
    let gatekeeper: Gatekeeper
    let logger: Logger

    /// Takes over SIGHUP, which ends a process that does not. What comes before the service runs is kept for it.
    static func trap() async -> UnixSignalsSequence {
        await UnixSignalsSequence(trapping: .sighup)
    }

    func run() async throws {
        for await _ in signals.cancelOnGracefulShutdown() {
            guard let path else {
                logger.notice("There is no tokens file that could be read again")
                continue
            }
            do {
                let tokens = try Self.read(path)
                gatekeeper.replace(tokens: tokens)
                logger.notice("The tokens were read again", metadata: ["tokens": "\(tokens.count)"])
            } catch {
                logger.error("The tokens stay as they were", metadata: ["error": "\(error)"])
            }
        }
    }

    /// - Throws: ``SettingsError`` or `TokenFile.Failure`, both of which name the file.
    static func read(_ path: String) throws -> [Token] {
        let text: String
        do {
            text = try String(contentsOfFile: path, encoding: .utf8)
        } catch {
            throw SettingsError(description: "\(path) cannot be read: \(error.localizedDescription)")
        }
        return try TokenFile.parse(text, file: path)
    }
}
