import AsyncHTTPClient
import BreakerClient
import BreakerSQLite
import EngineSupport
import Foundation
import NIOCore
import TestSupport

/// Kills a server under load, again and again on one database, and compares the stored data with its answers.
struct CrashRun: Sendable {
    struct Findings: Sendable {
        var rounds = 0
        var acknowledged = 0
        var sent = 0
        var losses = Losses.none
        var violations: [String] = []
        /// How often the run met certain cases: a run that met none proves nothing.
        var retriedUnacknowledged = 0
        var probes = 0
        var slotsHeldAcrossCrash = 0
        var openAcrossCrash = 0
    }

    let program: Program
    let rounds: Int
    let seed: UInt64
    /// Whether the run ends with the first loss, as a run that must find one may.
    var stopsAtFirstLoss = false

    /// The breaker that gets reports in every round.
    static let lasting = "lasting"
    /// The breaker that trips and recovers.
    static let tripping = "tripping"
    static let recoveryTimeout = Duration.milliseconds(400)
    private static let trippingPolicy =
        #"{"policy":{"failure_threshold":1,"recovery_timeout_ms":400,"probe_lease_ms":1500}}"#
    private static let countingPolicy = #"{"policy":{"failure_threshold":null}}"#

    static func breaker(ofRound round: Int, _ number: Int) -> String { "round-\(round)-\(number)" }

    private static func breakers(ofRound round: Int) -> [String] { (0..<2).map { breaker(ofRound: round, $0) } }

    func run() async throws -> Findings {
        // A refused connection must show at once that the server is gone, so the client does not retry it.
        var configuration = HTTPClient.Configuration()
        configuration.connectionPool.retryConnectionEstablishment = false
        let http = HTTPClient(configuration: configuration)
        do {
            let findings = try await run(http)
            try await http.shutdown()
            return findings
        } catch {
            try? await http.shutdown()
            throw error
        }
    }

    private func run(_ http: HTTPClient) async throws -> Findings {
        let folder = try TemporaryFolder()
        let database = folder.path("fusebox.db")
        let ledger = Ledger()
        var random = SplitMix64(seed: seed)
        var findings = Findings()
        var revision = 0
        for round in 1...rounds + 1 {
            let server = try await ServerProcess.start(program, database: database, limit: 120)
            defer { server.child.kill() }
            var check = CrashCheck(wire: server.wire, ledger: ledger, findings: findings, revision: revision)
            if round == 1 {
                try await server.wire.putPolicy(Self.countingPolicy, of: Self.lasting)
                try await server.wire.putPolicy(Self.trippingPolicy, of: Self.tripping)
            } else {
                try await check.probes()
                try await check.retries(of: Self.breakers(ofRound: round - 1) + [Self.lasting], using: &random)
                try await check.failureLogs(of: Self.breakers(ofRound: round - 1))
                try await check.lastingBreaker(round: round - 1)
                try await check.revisions()
                try DatabaseCheck.check(database)
            }
            if round > rounds {
                for round in 1...rounds { try await check.failureLogs(of: Self.breakers(ofRound: round)) }
            }
            (findings, revision) = (check.findings, check.revision)
            findings.rounds = round - 1
            if round > rounds || stopsAtFirstLoss && !findings.losses.lost.isEmpty { break }
            for name in Self.breakers(ofRound: round) { try await server.wire.putPolicy(Self.countingPolicy, of: name) }
            try await crash(server, round: round, http: http, ledger: ledger, random: &random)
        }
        (findings.acknowledged, findings.sent) = (ledger.acknowledgedCount, ledger.sentCount)
        (findings.violations, findings.probes) = (ledger.violations, ledger.probeCount)
        return findings
    }

    /// Starts clients on the server, and kills the server while they work.
    private func crash(
        _ server: ServerProcess,
        round: Int,
        http: HTTPClient,
        ledger: Ledger,
        random: inout SplitMix64
    ) async throws {
        let client = { @Sendable (number: Int, seed: UInt64) in
            CrashClient(
                number: number,
                round: round,
                wire: server.wire,
                fusebox: FuseboxClient(url: server.url, timeout: .seconds(5), http: http),
                ledger: ledger,
                random: SplitMix64(seed: seed)
            )
        }
        let seeds = (0..<9).map { _ in random.next() }
        let life = Duration.milliseconds(Int.random(in: 20...600, using: &random))
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<5 { group.addTask { await client(number, seeds[number]).reportFailures() } }
            group.addTask { await client(5, seeds[5]).reportBatches() }
            for number in 6..<9 { group.addTask { await client(number, seeds[number]).tripAndProbe() } }
            // The sleep sets the moment of the crash, which is what the run varies.
            try await Task.sleep(for: life)
            server.child.kill()
            try await server.child.waitUntilEnd()
            try await group.waitForAll()
        }
    }
}
