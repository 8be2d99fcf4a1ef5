"""What a program may order of a breaker beside its calls: a policy, an opening, a close. Takes an operator's token."""

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

#: Seconds for an order. It waits for the disk, and a person or a start waits for it.
PATIENCE = 2.0
#: What is answered to a token of another role, or for other names.
_FORBIDDEN = 403


class OrderFailed(FuseboxError):
    """Fusebox did not do what it was told: it is away, or a token, an override or a limit is in the way.

    Attributes:
        status: of the answer; ``None`` where there was none, or none that makes sense.
    """

    def __init__(self, detail: str, status: Optional[int] = None) -> None:
        super().__init__(detail)
        self.status = status


class Orders:
    """Orders for one breaker. Each gives the breaker as it is then, as in ``GET /v1/breakers/{name}``.

    All raise ``OrderFailed``.
    """

    def __init__(self, authority: Authority, cell: Cell) -> None:
        self._authority = authority
        self._path = f"/v1/breakers/{cell.name}"

    def view(self, within: float = PATIENCE) -> Any:
        """Any token will do."""
        return self._order("GET", within=within)

    def transitions(self, within: float = PATIENCE) -> Any:
        """The newest first; a viewer's token will do."""
        return self._order("GET", path="/transitions", within=within)

    def create(self, policy: Mapping[str, Any], within: float = PATIENCE) -> Any:
        """Makes the breaker with this policy; fails with 412 where it is there."""
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
            # Of decisions that tells something where it had about the time of one, and not the rest of a patience.
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
    """Whether it has what is read of it. What a proxy makes up, or a defect, may not meet a call."""
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
