import BreakerAPI
import BreakerCore
import BreakerEngine
import EmbeddedFiles
import HTTPTypes

extension Routes {
    /// The service itself: for probes of a platform, and for whoever looks for the contract. None needs a token.
    static func service(engine: Engine, readiness: Readiness) -> [Route] {
        [
            Route(.get, Paths.livez, .none) { _ in .json(["status": "live"]) },
            Route(.get, Paths.readyz, .none) { _ in
                let storage: JSON = engine.storageHealth.isFailing ? "failing" : "ok"
                let state = readiness.state
                // Taking the only authority out of rotation because it cannot write would help nobody.
                return .json(
                    ["status": .string(state.rawValue), "storage": storage],
                    status: state == .ready ? .ok : .serviceUnavailable
                )
            },
            Route(.get, Paths.version, .none) { _ in
                .json(["version": .string(BuildVersion.current), "epoch": .string(engine.epoch.description)])
            },
            Route(.get, Paths.openAPI, .none) { _ in
                Answer(fields: [.contentType: "application/yaml"], body: EmbeddedFiles.openAPI)
            },
        ]
    }
}
