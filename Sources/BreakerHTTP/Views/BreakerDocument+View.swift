import BreakerAPI
import BreakerCore
import BreakerEngine
import HTTPTypes

extension BreakerDocument {
    init(_ view: BreakerView) {
        self.init(
            view.breaker,
            at: view.at,
            lastSeenAt: view.lastSeenAt,
            allowed: Int64(view.decisions.allowed),
            denied: Int64(view.decisions.denied)
        )
    }
}

extension Answer {
    static func breaker(_ view: BreakerView, status: HTTPResponse.Status = .ok) -> Answer {
        var answer = Answer.json(BreakerDocument(view), status: status)
        answer.fields[.eTag] = PolicyTag.text(revision: view.breaker.policyRevision)
        return answer
    }
}
