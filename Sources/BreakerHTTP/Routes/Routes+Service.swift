import BreakerAPI
package import BreakerCore
import BreakerEngine
import EmbeddedFiles
import HTTPTypes

extension Routes {
    /// Routes about the service itself: probes of a platform, the version and the API contract. They need no token.
    static func service(engine: Engine, readiness: Readiness, label: ServerLabel) -> [Route] {
        [
            Route(.get, Paths.livez, .none) { _ in .json(LivenessDocument()) },
            Route(.get, Paths.readyz, .none) { _ in
                let state = readiness.state
                // The status ignores the storage: to take the only authority out of rotation because it cannot write
                // would help no client.
                return .json(
                    ReadinessDocument(
                        status: state.rawValue,
                        storage: engine.storageHealth.isFailing ? "failing" : "ok"
                    ),
                    status: state == .ready ? .ok : .serviceUnavailable
                )
            },
            Route(.get, Paths.version, .none) { _ in
                .json(
                    VersionDocument(version: BuildVersion.current, epoch: engine.epoch.description, label: label)
                )
            },
            Route(.get, Paths.openAPI, .none) { _ in
                Answer(fields: [.contentType: "application/yaml"], body: EmbeddedFiles.openAPI)
            },
        ]
    }

    /// - Parameter breakers: the number of breakers that get their own series.
    static func metrics(_ engine: Engine, meters: HTTPMeters, breakers: Int) -> [Route] {
        [
            Route(.get, Paths.metrics, .read) { context in
                let page = MetricsPage(
                    panel: await engine.panelReading(visible: context.access.scope, limit: breakers),
                    writer: await engine.writerReading(),
                    meters: meters
                )
                return Answer(
                    fields: [.contentType: "text/plain; version=0.0.4; charset=utf-8", .cacheControl: "no-store"],
                    body: try await engine.onStatusThread { page.bytes() }
                )
            }
        ]
    }

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

/// Reads the server's tokens file again.
package struct TokenReload: Sendable {
    let run: @Sendable (Author) async throws -> Int

    /// - Parameter run: returns the number of tokens. Its argument is the client that asked for it, for the log.
    package init(_ run: @escaping @Sendable (Author) async throws -> Int) {
        self.run = run
    }
}
