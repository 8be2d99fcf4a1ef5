import NIOConcurrencyHelpers
import ServiceLifecycle

/// Reports whether the server is ready for requests. Place it after the server in a service group: a group shuts down
/// in reverse order, so `/readyz` reports the shutdown while open connections are still served.
package final class Readiness: Service {
    enum State: String, Sendable {
        case starting, ready, stopping
    }

    private let box = NIOLockedValueBox(State.starting)

    package init() {}

    var state: State { box.withLockedValue { $0 } }

    package func run() async throws {
        box.withLockedValue { $0 = .ready }
        try? await gracefulShutdown()
        box.withLockedValue { $0 = .stopping }
    }
}
