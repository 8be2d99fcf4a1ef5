"""The findings of schemathesis for answers that are correct according to the prose of openapi.yaml."""

from schemathesis import Case, HookContext, Response, hook
from schemathesis.core.failures import AcceptedNegativeData, Failure, ServerError
from schemathesis.openapi.checks import RejectedPositiveData, UseAfterFree

GATE = "/v1/gate/"
# The beginnings of a problem's `detail` for a request that no schema can rule out, because its validity depends on
# another part of the request or on an earlier answer.
RELATIONS = (
    "the request has both a query and a body; send only one of them",
    "is required: success, failure or ignored",
    "must not be combined with if-match",
    "is not a token of this list",
    "must be before to",
    "must be at most 7 days before to",
    "must not be set together with",
    "is required by slow_call_rate_threshold",
    "must be at least recovery_timeout_ms",
    "must be at most window_calls",
    "must be 1: a probe's permit takes one outcome",
)


@hook
def filter_failure(context: HookContext, failure: Failure, case: Case, response: Response) -> bool:
    """Returns whether the finding is a real failure."""
    if response.status_code == 412:
        # The breaker does not meet `if-match` or `if-none-match`, so the request is refused whatever else it contains.
        return not isinstance(failure, (AcceptedNegativeData, RejectedPositiveData))
    at_gate = case.path.startswith(GATE)
    if isinstance(failure, ServerError):
        # Proxies take a 4xx for a denial, so a gate answers 503 to a request that it cannot decide.
        return not (at_gate and response.status_code == 503)
    if isinstance(failure, UseAfterFree):
        # A gate treats every method as the same request: its DELETE deletes nothing.
        return not at_gate
    if isinstance(failure, RejectedPositiveData):
        return not breaks_relations_alone(response.json())
    if isinstance(failure, AcceptedNegativeData) and case.path == "/v1/reports":
        # A bad item is answered with an error of its own, and does not affect the others.
        answer = response.json()
        return not any("error" in result for result in answer["results"] + answer.get("decisions", []))
    return True


def breaks_relations_alone(problem: dict) -> bool:
    return all(fault["detail"].startswith(RELATIONS) for fault in problem.get("errors", [problem]))
