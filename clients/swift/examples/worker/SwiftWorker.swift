import AsyncHTTPClient
import BreakerClient
import Foundation
import Logging
import NIOCore
import NIOHTTP1
import ServiceLifecycle
import UnixSignals

/// A worker that charges orders at a provider, and does not wait for the provider while it is down.
///
///     swift-worker http://127.0.0.1:7979 http://provider.example/charges 100
@main
enum SwiftWorker {
    static func main() async throws {
        let arguments = CommandLine.arguments
        guard arguments.count == 4, let orders = Int(arguments[3]), orders >= 0 else {
            print("swift-worker FUSEBOX PROVIDER ORDERS")
            exit(64)
        }
        let logger = Logger(label: "swift-worker")
        let fusebox = Fusebox(
            url: arguments[1],
            token: ProcessInfo.processInfo.environment["FUSEBOX_TOKEN"],
            logger: logger
        )
        let charges = Charges(
            payments: fusebox.breaker("payments", of: HTTPResponseStatus.self, classify: Charges.outcome),
            provider: arguments[2],
            orders: orders
        )
        let group = ServiceGroup(
            configuration: .init(
                services: [
                    .init(service: fusebox),
                    .init(service: charges, successTerminationBehavior: .gracefullyShutdownGroup),
                ],
                gracefulShutdownSignals: [.sigterm, .sigint],
                logger: logger
            )
        )
        try await group.run()
    }
}

/// Charges the orders, one after the other.
struct Charges: Service {
    let payments: ValueBreaker<HTTPResponseStatus>
    let provider: String
    let orders: Int

    /// A 5xx status is a failure of the provider. A refused order is an answer, so it counts as a success.
    static let outcome: @Sendable (Result<HTTPResponseStatus, any Error>) -> CallOutcome = { result in
        switch result {
        case .success(let status) where status.code >= 500: .failure(kind: "http_\(status.code)")
        default: .standard(result)
        }
    }

    func run() async throws {
        for order in stride(from: 1, through: orders, by: 1) where !Task.isShuttingDownGracefully {
            do {
                let status = try await payments.call { try await charge(order) }
                print("order \(order): \(status.code)")
            } catch let denial as BreakerOpen {
                print("order \(order): to be charged later, \(denial)")
            } catch {
                print("order \(order): failed")
            }
        }
    }

    private func charge(_ order: Int) async throws -> HTTPResponseStatus {
        var request = HTTPClientRequest(url: provider)
        request.method = .POST
        request.body = .bytes(Data("order=\(order)".utf8))
        return try await Self.http.execute(request, timeout: .seconds(2)).status
    }

    /// The HTTP client, which lives as long as the process. It does not retry connections: the breaker has to learn at
    /// once that the provider is unreachable.
    private static let http: HTTPClient = {
        var configuration = HTTPClient.Configuration()
        configuration.connectionPool.retryConnectionEstablishment = false
        return HTTPClient(configuration: configuration)
    }()
}
