"""The failures that schemathesis finds although the server is right, and openapi.yaml says so in words."""

from schemathesis import Case, HookContext, Response, hook
from schemathesis.core.failures import AcceptedNegativeData, Failure, ServerError
from schemathesis.openapi.checks import RejectedPositiveData, UseAfterFree

GATE = "/v1/gate/"
# How the server refuses what no schema rules out, because it depends on another part of the request or on an earlier
# answer: the beginnings of a problem's `detail`.
RELATIONS = (
    "what is asked stands in the query or in the body, not in both",
    "is required: success, failure or ignored",
    "does not go with if-match",
    "is not one that this list was continued with",
    "must be before to",
    "must be at most 7 days before to",
    "only one of window_ms and window_calls may be set",
    "is required by slow_call_rate_threshold",
    "must be at least recovery_timeout_ms",
    "must be at most window_calls",
    "must be 1: a probe's permit takes one outcome",
)


@hook
def filter_failure(context: HookContext, failure: Failure, case: Case, response: Response) -> bool:
    """Whether the failure is one."""
    if response.status_code == 412:
        # The breaker is not as `if-match` or `if-none-match` requires, which is refused whatever else is asked.
        return not isinstance(failure, (AcceptedNegativeData, RejectedPositiveData))
    at_gate = case.path.startswith(GATE)
    if isinstance(failure, ServerError):
        # Proxies take a 4xx for a denial, so a gate answers 503 to whatever is no decision.
        return not (at_gate and response.status_code == 503)
    if isinstance(failure, UseAfterFree):
        # A gate takes every method for the same question: its DELETE deletes nothing.
        return not at_gate
    if isinstance(failure, RejectedPositiveData):
        return not breaks_relations_alone(response.json())
    if isinstance(failure, AcceptedNegativeData) and case.path == "/v1/reports":
        # A bad report is answered with an error of its own, and spoils no other.
        return not any("error" in result for result in response.json()["results"])
    return True


def breaks_relations_alone(problem: dict) -> bool:
    return all(fault["detail"].startswith(RELATIONS) for fault in problem.get("errors", [problem]))
