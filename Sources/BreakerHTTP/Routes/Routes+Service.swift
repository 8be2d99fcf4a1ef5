import BreakerAPI
import BreakerCore
import BreakerEngine
import EmbeddedFiles
import HTTPTypes

extension Routes {
    /// Routes about the service itself: probes of a platform, the version and the API contract. They need no token.
    static func service(engine: Engine, readiness: Readiness) -> [Route] {
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
                .json(VersionDocument(version: BuildVersion.current, epoch: engine.epoch.description))
            },
            Route(.get, Paths.openAPI, .none) { _ in
                Answer(fields: [.contentType: "application/yaml"], body: EmbeddedFiles.openAPI)
            },
        ]
    }
}
