import BreakerCore
import NIOConcurrencyHelpers

/// How many breakers may exist, and how many of them workers may create by acquires and reports.
///
/// A token's share counts the existing breakers that it created. A single token therefore cannot use up all breakers,
/// and workers leave some to operators.
struct CreationLimits: Sendable {
    let maximumBreakers: Int
    /// How many breakers one token may have created; `nil` for the rule of ``share``.
    let breakersPerToken: Int?
    let mayWorkersCreate: Bool
    /// How many worker tokens there are; 0 if there are no tokens.
    let workerTokens = NIOLockedValueBox(0)

    init(_ configuration: Engine.Configuration) {
        maximumBreakers = configuration.maximumBreakers
        breakersPerToken = configuration.breakersPerToken
        mayWorkersCreate = configuration.mayWorkersCreate
    }

    /// How many breakers workers leave to operators: 100, or a tenth of ``maximumBreakers`` if that is less.
    private var reserve: Int { min(Self.largestReserve, maximumBreakers / 10) }
    private static let largestReserve = 100

    /// How many breakers may exist after a worker creates one.
    private var forWorkers: Int { maximumBreakers - reserve }

    /// How many breakers one token may have created: half of all breakers if there are several worker tokens, otherwise
    /// all that workers may create.
    private var share: Int {
        if let breakersPerToken { return breakersPerToken }
        return workerTokens.withLockedValue { $0 > 1 } ? max(1, maximumBreakers / 2) : forWorkers
    }

    /// Checks that a worker may create a breaker.
    ///
    /// - Parameters:
    ///   - existing: how many breakers exist.
    ///   - own: how many of them `creator` created.
    /// - Throws: ``EngineError/Code/unknownBreaker`` and ``EngineError/Code/breakerLimit``.
    func checkWorker(_ creator: String, creates name: BreakerName, existing: Int, own: Int) throws(EngineError) {
        guard mayWorkersCreate else {
            throw EngineError(
                .unknownBreaker,
                "there is no breaker \(name), and workers cannot create breakers; an operator must create it with PUT"
            )
        }
        guard own < share else {
            let owner = creator == Author.anonymous ? "workers without a token" : "workers with the token \(creator)"
            throw Self.full("\(owner) have created \(own) breakers, their share of \(maximumBreakers)")
        }
        guard existing < forWorkers else {
            throw Self.full(
                existing < maximumBreakers
                    ? "there are \(existing) breakers; the last \(reserve) of \(maximumBreakers) are for operators only"
                    : "there are \(existing) breakers, the maximum that max_breakers allows"
            )
        }
    }

    /// Checks that an operator or the configuration may create breakers.
    ///
    /// - Parameters:
    ///   - existing: how many breakers exist.
    ///   - count: how many breakers are to be created.
    /// - Throws: ``EngineError/Code/breakerLimit``.
    func checkOperator(existing: Int, creates count: Int = 1) throws(EngineError) {
        guard count > 0, existing + count > maximumBreakers else { return }
        throw Self.full(
            existing < maximumBreakers
                ? "there are \(existing) breakers, and \(count) more would exceed max_breakers (\(maximumBreakers))"
                : "there are \(existing) breakers, the maximum that max_breakers allows"
        )
    }

    private static func full(_ fact: String) -> EngineError {
        EngineError(.breakerLimit, "\(fact); delete unused breakers, or raise the limit")
    }
}
