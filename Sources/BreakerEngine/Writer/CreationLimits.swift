import BreakerCore
import NIOConcurrencyHelpers

/// How many breakers there may be, and how many of them workers may create by asking and reporting.
///
/// A token's share counts the breakers that exist and that it created. So one token cannot take all names, and workers
/// leave some to operators.
struct CreationLimits: Sendable {
    let maximumBreakers: Int
    /// How many breakers of one token there may be; `nil` for the rule of ``share``.
    let breakersPerToken: Int?
    let mayWorkersCreate: Bool
    /// How many tokens of workers there are; 0 where there are no tokens.
    let workerTokens = NIOLockedValueBox(0)

    init(_ configuration: Engine.Configuration) {
        maximumBreakers = configuration.maximumBreakers
        breakersPerToken = configuration.breakersPerToken
        mayWorkersCreate = configuration.mayWorkersCreate
    }

    /// How many breakers workers leave to operators: 100, or a tenth of a smaller panel.
    private var reserve: Int { min(Self.largestReserve, maximumBreakers / 10) }
    private static let largestReserve = 100

    /// How many breakers there may be when a worker creates one.
    private var forWorkers: Int { maximumBreakers - reserve }

    /// How many breakers of one token there may be: half of all where other workers have tokens too.
    private var share: Int {
        if let breakersPerToken { return breakersPerToken }
        return workerTokens.withLockedValue { $0 > 1 } ? max(1, maximumBreakers / 2) : forWorkers
    }

    /// - Parameters:
    ///   - existing: how many breakers there are.
    ///   - own: how many of them `creator` created.
    /// - Throws: ``EngineError/Code/unknownBreaker`` and ``EngineError/Code/breakerLimit``.
    func checkWorker(_ creator: String, creates name: BreakerName, existing: Int, own: Int) throws(EngineError) {
        guard mayWorkersCreate else {
            throw EngineError(
                .unknownBreaker,
                "there is no breaker \(name), and workers create none; an operator creates it with PUT"
            )
        }
        guard own < share else {
            let owner = creator == Author.anonymous ? "workers without a token" : "workers with the token \(creator)"
            throw Self.full("\(owner) have created \(own) breakers, their share of \(maximumBreakers)")
        }
        guard existing < forWorkers else {
            throw Self.full(
                existing < maximumBreakers
                    ? "there are \(existing) breakers; the last \(reserve) of \(maximumBreakers) are left to operators"
                    : "there are \(existing) breakers, as many as max_breakers allows"
            )
        }
    }

    /// - Parameter existing: how many breakers there are.
    /// - Throws: ``EngineError/Code/breakerLimit``.
    func checkOperator(existing: Int) throws(EngineError) {
        guard existing < maximumBreakers else {
            throw Self.full("there are \(existing) breakers, as many as max_breakers allows")
        }
    }

    private static func full(_ fact: String) -> EngineError {
        EngineError(.breakerLimit, "\(fact); delete breakers that are not used, or raise the limit")
    }
}
