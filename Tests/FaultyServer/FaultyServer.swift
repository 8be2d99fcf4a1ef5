import BreakerCore
import BreakerEngine
import BreakerHTTP
import BreakerSQLite
import BreakerStorage
import Foundation
import Logging
import NIOCore
import ServiceLifecycle

/// The server with a bug that a durability test must find: it acknowledges a batch at once, and writes it when the next
/// batch arrives. Everything else is the real server, with the arguments of `fusebox serve --listen … --db …`.
@main
enum FaultyServer {
    static func main() async throws {
        guard let option = CommandLine.arguments.firstIndex(of: "--db"), option + 1 < CommandLine.arguments.count else {
            preconditionFailure("no --db in \(CommandLine.arguments)")
        }
        let path = CommandLine.arguments[option + 1]
        var logger = Logger(label: "faulty")
        logger.logLevel = .error
        let clock = AnchoredClock()
        let engine = try Engine(
            store: LateStore(try SQLiteStore.open(path: path, at: clock.now())),
            reader: try SQLiteReader(path: path),
            clock: clock,
            logger: logger
        )
        let server = HTTPServer.service(
            engine: engine,
            gatekeeper: Gatekeeper(tokens: nil),
            readiness: Readiness(),
            configuration: .init(host: "127.0.0.1", port: 0),
            logger: logger
        ) { address in
            FileHandle.standardOutput.write(Data("listening on http://127.0.0.1:\(address.port ?? 0)\n".utf8))
        }
        try await ServiceGroup(services: [engine, server], logger: logger).run()
    }
}

/// A store that writes each batch one call late.
final class LateStore: BreakerStore {
    private let store: SQLiteStore
    private var pending: WriteBatch?

    init(_ store: SQLiteStore) {
        self.store = store
    }

    var epoch: Epoch { store.epoch }

    func load() throws(StoreError) -> StoredPanel { try store.load() }

    func sessions() throws(StoreError) -> StoredSessions { try store.sessions() }

    func reload(_ names: [BreakerName]) throws(StoreError) -> StoredPanel { try store.reload(names) }

    func receipt(forReport id: String, ofBreaker breakerID: Int64) throws(StoreError) -> Receipt? {
        try store.receipt(forReport: id, ofBreaker: breakerID)
    }

    func write(_ batch: WriteBatch) throws(StoreError) {
        if let pending { try store.write(pending) }
        pending = batch
    }

    func checkpoint() throws(StoreError) { try store.checkpoint() }

    var evictions: Evictions { store.evictions }

    func close() {
        if let pending { try? store.write(pending) }
        store.close()
    }
}
