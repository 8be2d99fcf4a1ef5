import BreakerAPI
import EngineSupport
import HTTPTypes
import Logging
import NIOConcurrencyHelpers
import NIOHTTP1
import Testing

@testable import BreakerHTTP

@Suite("Failed authentications")
struct AuthenticationFailureTests {
    private let boss = Token.make(name: "boss", role: .operator, prefix: "")
    private let worker = Token.make(name: "checkout", role: .worker, prefix: "pay:")

    @Test("Each authentication failure is counted by its reason, and every reason is shown from the start with 0")
    func counted() async throws {
        try await TestServer.with(tokens: [boss.token, worker.token]) { server in
            func counts() async throws -> [Double?] {
                let metrics = try await server.metrics(secret: boss.secret)
                return AuthenticationFailure.Reason.allCases.map {
                    metrics["fusebox_authentication_failures_total{reason=\"\($0.rawValue)\"}"]
                }
            }
            #expect(try await counts() == [0, 0, 0, 0, 0])
            try await server.send(.GET, "/v1/breakers").expectProblem(.unauthorized)
            try await server.send(.POST, "/v1/breakers/pay:a/acquire", secret: "fbx_0").expectProblem(.unauthorized)
            #expect(try await server.send(.GET, "/v1/session", secret: "fbx_0").status == 200)
            try await server.send(.GET, "/v1/breakers", secret: worker.secret).expectProblem(.forbidden)
            try await server.send(.POST, "/v1/breakers/a/acquire", secret: worker.secret).expectProblem(.forbidden)
            #expect(try await server.send(.GET, "/v1/session").status == 200)
            #expect(try await counts() == [1, 2, 2, 0, 0])
        }
    }

    @Test("After ten failed sign-ins an address cannot sign in until 5 minutes after the first of them")
    func signIns() async throws {
        try await TestServer.with(tokens: [boss.token]) { server in
            func signIn(_ secret: String) async throws -> HTTPAnswer {
                try await server.send(.POST, "/v1/session", #"{"token":"\#(secret)"}"#)
            }
            for _ in 1...9 { try await signIn("fbx_0").expectProblem(.unauthorized) }
            #expect(try await signIn(boss.secret).status == 204)
            server.clock.advance(byMs: 1_000)
            try await signIn("fbx_0").expectProblem(.unauthorized)
            for secret in ["fbx_0", boss.secret] {
                let refused = try await signIn(secret)
                refused.expectProblem(.tooManySignIns)
                #expect(refused["retry-after"] == "299")
            }
            #expect(try await server.send(.GET, "/v1/breakers", secret: boss.secret).status == 200)
            server.clock.advance(byMs: 298_999)
            try await signIn(boss.secret).expectProblem(.tooManySignIns)
            server.clock.advance(byMs: 1)
            #expect(try await signIn(boss.secret).status == 204)
        }
    }

    @Test("Failed sign-ins of one address do not affect another address")
    func otherAddress() throws {
        let failures = AuthenticationFailures(meters: HTTPMeters(), clock: ManualClock(), logger: Logger(label: "test"))
        for _ in 1...10 { failures.noteSignIn(from: "10.0.0.1") }
        #expect(throws: Problem.self) { try failures.requireSignIn(from: "10.0.0.1") }
        try failures.requireSignIn(from: "10.0.0.2")
    }

    @Test("An address gets one log line per 10 s, with the token's name and the number of suppressed lines")
    func logged() {
        let lines = LogLines()
        let clock = ManualClock()
        let failures = AuthenticationFailures(meters: HTTPMeters(), clock: clock, logger: lines.logger)
        let failure = AuthenticationFailure(reason: .insufficientToken, token: "checkout")
        for _ in 1...3 { failures.note(failure, from: "10.0.0.1") }
        failures.note(AuthenticationFailure(reason: .missingToken), from: "10.0.0.2")
        clock.advance(byMs: 9_999)
        failures.note(failure, from: "10.0.0.1")
        clock.advance(byMs: 1)
        failures.note(failure, from: "10.0.0.1")
        #expect(
            lines.all == [
                "10.0.0.1 insufficient_token checkout 0", "10.0.0.2 missing_token - 0",
                "10.0.0.1 insufficient_token checkout 3",
            ]
        )
    }

    @Test("The log of failures has at most 100 lines in 10 s, however many addresses there are")
    func flood() {
        let lines = LogLines()
        let failures = AuthenticationFailures(meters: HTTPMeters(), clock: ManualClock(), logger: lines.logger)
        for number in 1...2_000 { failures.note(AuthenticationFailure(reason: .missingToken), from: "\(number)") }
        #expect(lines.all.count == 100)
    }

    @Test("Of more than 1 000 addresses, the one with the oldest window is forgotten")
    func bounded() {
        var counts = AddressCounts(windowMs: 10_000)
        for number in 0..<1_000 { counts.add("\(number)", atMs: Int64(number)) }
        #expect(counts.window(of: "0", atMs: 1_000)?.count == 1)
        counts.add("new", atMs: 1_000)
        #expect(counts.window(of: "0", atMs: 1_000) == nil)
        #expect(counts.window(of: "1", atMs: 1_000)?.count == 1)
        #expect(counts.window(of: "new", atMs: 1_000)?.count == 1)
    }
}

/// Collects the lines of a log: address, reason, token, suppressed.
private final class LogLines: Sendable {
    private let lines = NIOLockedValueBox<[String]>([])

    var all: [String] { lines.withLockedValue { $0 } }
    var logger: Logger { Logger(label: "test") { _ in Handler(lines: self.lines) } }

    private struct Handler: LogHandler {
        let lines: NIOLockedValueBox<[String]>
        var metadata: Logger.Metadata = [:]
        var logLevel = Logger.Level.info

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            let words = ["address", "reason", "token", "suppressed"].map { "\(event.metadata?[$0] ?? "")" }
            lines.withLockedValue { $0.append(words.joined(separator: " ")) }
        }
    }
}
