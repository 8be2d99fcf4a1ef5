package import BreakerCore
import BreakerStorage
package import BreakerText

extension Engine {
    /// Explains why a breaker is in its state, and what comes next.
    /// - Throws: ``EngineError/Code/unknownBreaker``.
    package func explanation(of name: BreakerName) async throws(EngineError) -> Explanation {
        let view = try await breaker(name)
        let id = view.breaker.id
        let (transitions, failures) = try await read { [reader] in
            (
                try reader.transitions(
                    ofBreaker: id,
                    visible: .all,
                    before: nil,
                    limit: Explanation.transitionLimit
                ),
                try reader.failures(ofBreaker: id, before: nil, limit: Explanation.failureLimit)
            )
        }
        return Explanation(
            of: view.breaker,
            at: view.at,
            transitions: transitions.map(\.transition),
            failures: failures
        )
    }
}
