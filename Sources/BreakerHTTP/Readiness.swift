import NIOConcurrencyHelpers
import ServiceLifecycle

/// Whether the server wants requests. Its place is behind the server in a service group: it is told of a shutdown
/// first, so that `/readyz` says so while the connections that are there are still served.
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
