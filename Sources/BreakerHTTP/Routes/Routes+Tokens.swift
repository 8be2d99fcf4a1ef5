import BreakerAPI
package import BreakerCore
import HTTPTypes

/// Reads the server's tokens file again.
package struct TokenReload: Sendable {
    let run: @Sendable (Author) async throws -> Int

    /// - Parameter run: returns the number of tokens. Its argument is the client that asked for it, for the log.
    package init(_ run: @escaping @Sendable (Author) async throws -> Int) {
        self.run = run
    }
}

extension Routes {
    /// The tokens of the server.
    ///
    /// - Parameter reload: `nil` for a server without a tokens file.
    static func tokens(_ reload: TokenReload?) -> [Route] {
        [
            Route(.post, Paths.tokenReload, .steer, maximumBody: 0) { context in
                try context.access.requireAllNames()
                guard let reload else {
                    throw Problem(.invalidRequest, "the server has no tokens file that it could read")
                }
                do {
                    return .json(TokenReloadDocument(tokens: try await reload.run(context.author)))
                } catch {
                    throw Problem(.invalidTokens, "\(error); the old tokens stay in force")
                }
            }
        ]
    }
}
