"""Orders for a breaker, which need an operator's token: to set its policy, to open it, to close it; and queries."""

from __future__ import annotations

from collections.abc import Mapping
from time import monotonic
from typing import Any, Optional, get_args

from .authority import Authority
from .cell import Cell
from .decision import State
from .errors import FuseboxError
from .link import Away, Refused
from .policy import Policy

#: Time-out of an order, in seconds. The server writes to its disk, and a person or the program's start waits.
PATIENCE = 2.0
#: The status of an answer to a token with another role, or for other names.
_FORBIDDEN = 403


class OrderFailed(FuseboxError):
    """Fusebox did not carry out an order: it is unreachable, or a token, an override or a limit prevents the order.

    Attributes:
        status: the status of the refusal; ``None`` if there is no valid answer.
    """

    def __init__(self, detail: str, status: Optional[int] = None) -> None:
        super().__init__(detail)
        self.status = status


class Orders:
    """Orders for one breaker. Each but ``transitions`` returns the breaker after it, as ``GET /v1/breakers/{name}``.

    All raise ``OrderFailed``.
    """

    def __init__(self, authority: Authority, cell: Cell) -> None:
        self._authority = authority
        self._path = f"/v1/breakers/{cell.name}"

    def view(self, within: float = PATIENCE) -> Any:
        """Reads the breaker. Any token may do this."""
        return self._order("GET", within=within)

    def transitions(self, within: float = PATIENCE) -> Any:
        """Reads the breaker's transitions, newest first. A viewer's token may do this."""
        return self._order("GET", path="/transitions", within=within)

    def create(self, policy: Mapping[str, Any], within: float = PATIENCE) -> Any:
        """Creates the breaker with this policy. Fails with 412 if the breaker exists."""
        return self._order("PUT", {"policy": policy}, headers={"if-none-match": "*"}, within=within)

    def change(self, policy: Mapping[str, Any]) -> Any:
        """Changes these fields of the policy."""
        return self._order("PATCH", {"policy": policy})

    def force_open(self, reason: str, seconds: float) -> Any:
        body = {"mode": "force_open", "reason": reason, "expires_in_ms": round(seconds * 1_000)}
        return self._order("PUT", body, "/override")

    def end_override(self) -> Any:
        return self._order("DELETE", path="/override")

    def close(self) -> Any:
        return self._order("POST", path="/reset")

    def half_open(self) -> Any:
        return self._order("POST", path="/reset?to=half_open")

    def _order(
        self,
        method: str,
        body: Optional[Mapping[str, Any]] = None,
        path: str = "",
        headers: Optional[Mapping[str, str]] = None,
        within: float = PATIENCE,
    ) -> Any:
        reach = self._authority.reach
        began = monotonic()
        try:
            answer = self._authority.link.ask(method, self._path + path, body, within=within, headers=headers)
        except Away as reason:
            # This shows that Fusebox makes no decisions only if the request had about as much time as a decision.
            if not reason.is_answer and within >= self._authority.settings.timeout / 2:
                reach.failed(str(reason), began)
            raise OrderFailed(f"Fusebox is unreachable: {reason}") from reason
        except Refused as refusal:
            reach.worked(monotonic() - began)
            is_order = method != "GET" and refusal.status == _FORBIDDEN
            detail = f"this requires an operator's token: {refusal}" if is_order else str(refusal)
            raise OrderFailed(detail, refusal.status) from refusal
        reach.worked(monotonic() - began)
        if not (_is_history(answer) if path == "/transitions" else _is_breaker(answer)):
            raise OrderFailed(f"the answer is not as expected: {answer!r:.100}")
        return answer


def _is_breaker(answer: Any) -> bool:
    """Whether an answer has the fields that this package reads. An answer from a proxy, or one with a defect, must not
    make a call fail."""
    try:
        Policy.read(answer["policy"])
        override, last = answer["override"], answer["last_transition"]
        numbers = (answer["generation"], answer["counts"]["consecutive_failures"], answer["probes"]["successes"])
        return (
            answer["state"] in get_args(State)
            and all(isinstance(number, int) for number in numbers)
            and (override is None or isinstance(override["reason"], (str, type(None))))
            and (last is None or _is_transition(last))
        )
    except Exception:
        return False


def _is_history(answer: Any) -> bool:
    try:
        return "next_page_token" in answer and all(_is_transition(each) for each in answer["transitions"])
    except Exception:
        return False


def _is_transition(document: Any) -> bool:
    return isinstance(document["cause"], str) and isinstance(document["to"], str)
