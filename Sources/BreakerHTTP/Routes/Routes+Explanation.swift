import BreakerAPI
import BreakerCore
import BreakerEngine
import BreakerText
import HTTPTypes

extension Routes {
    static func explanation(_ engine: Engine) -> [Route] {
        [
            Route(.get, Paths.breaker(Route.name) + "/explain", .read) { context in
                let name = try context.breakerName()
                return .json(JSON(try await engine.explanation(of: name)))
            }
        ]
    }
}

extension JSON {
    fileprivate init(_ explanation: Explanation) {
        self = [
            "name": .string(explanation.name.value),
            "at": JSON(explanation.at),
            "state": .string(explanation.state.rawValue),
            "text": .string(explanation.text),
            "transition": explanation.transition.map { JSON($0) } ?? .null,
            "rule": explanation.rule.map(JSON.init) ?? .null,
            "failures": .array(explanation.failures.map(JSON.init)),
            "next": .array(explanation.next.map { JSON($0, at: explanation.at) }),
            "unstable": .bool(explanation.isUnstable),
            "openings_last_hour": JSON(explanation.openingsLastHour),
            "advice": .array(explanation.advice.map(JSON.init)),
        ]
    }

    private init(_ numbers: Explanation.RuleNumbers) {
        self = [
            "field": .string(numbers.rule.field.rawValue),
            "threshold": .decimal(numbers.threshold),
            "observed": JSON(numbers.observed),
            "unit": .string(numbers.rule.isRate ? "share of calls" : numbers.rule.inWords),
        ]
    }

    private init(_ event: Explanation.NextEvent, at now: Instant) {
        self = [
            "event": .string(event.kind.rawValue),
            "at": JSON(event.at),
            "in_ms": JSON(event.at.map { now.milliseconds(until: $0) }),
            "detail": .string(event.detail),
        ]
    }

    private init(_ advice: Explanation.Advice) {
        self = [
            "field": .string(advice.field.rawValue),
            "current": JSON(advice.current),
            "suggested": JSON(advice.suggested),
            "detail": .string(advice.detail),
        ]
    }
}
