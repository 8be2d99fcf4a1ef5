"""The numbers of a circuit breaker, which a program asks for and the server keeps."""

from __future__ import annotations

from collections.abc import Mapping
from time import monotonic
from typing import Any, Optional

from ..authority import Authority
from ..cell import Cell
from ..logs import log
from ..orders import OrderFailed, Orders
from ..policy import Policy

#: The shortest recovery time-out that Fusebox accepts, in seconds.
SHORTEST_TIMEOUT = 0.1
#: The longest recovery time-out that Fusebox accepts, in seconds.
LONGEST_TIMEOUT = 86_400.0
#: Seconds between a failed request for the numbers and the next. Without a pause each call would wait for a request.
AGAIN = 1.0
#: The status of an answer if the breaker exists already.
_EXISTS = 412
#: The status of an answer if the breaker does not exist. The first call creates it, with the server's numbers if the
#: token may not set others.
_UNKNOWN = 404


def fields_of(
    fail_max: Optional[int] = None, reset_timeout: Optional[float] = None, success_threshold: Optional[int] = None
) -> dict[str, Any]:
    """The given arguments as fields of a policy. A ``reset_timeout`` below ``SHORTEST_TIMEOUT`` is raised to it.

    Raises:
        ValueError: a number is out of range.
    """
    fields: dict[str, Any] = {}
    if fail_max is not None:
        fields["failure_threshold"] = _whole("fail_max", fail_max, 10_000)
    if reset_timeout is not None:
        if not 0 <= reset_timeout <= LONGEST_TIMEOUT:
            raise ValueError(f"reset_timeout must be 0 to {LONGEST_TIMEOUT:.0f} seconds, not {reset_timeout!r}")
        fields["recovery_timeout_ms"] = round(max(reset_timeout, SHORTEST_TIMEOUT) * 1_000)
    if success_threshold is not None:
        fields["success_threshold"] = _whole("success_threshold", success_threshold, 1_000)
    return fields


def _whole(name: str, number: int, most: int) -> int:
    if not isinstance(number, int) or not 1 <= number <= most:
        raise ValueError(f"{name} must be a whole number from 1 to {most}, not {number!r}")
    return number


class Numbers:
    """The policy that a program asks for. It applies until the server's policy is known.

    The first process creates the breaker with its numbers. After that the server's numbers apply: an operator may have
    changed them, and a process that starts must not undo that.
    """

    def __init__(self, authority: Authority, cell: Cell, asked: Mapping[str, Any]) -> None:
        self._authority = authority
        self._cell = cell
        self._asked = asked
        self._orders = Orders(authority, cell)
        self.is_settled = self._was_unknown = False
        self._not_before = 0.0

    @property
    def policy(self) -> Policy:
        return self._cell.policy or Policy.read(self._asked)

    @property
    def is_due(self) -> bool:
        """Whether a call has to settle the numbers."""
        return not self.is_settled and monotonic() >= self._not_before

    def settle(self) -> None:
        """Creates the breaker if it does not exist, within the time that a call may wait for a commit.

        While Fusebox is unreachable, it does not wait, and the program's own numbers apply.
        """
        if not self._authority.reach.is_away:
            self.is_settled = self._settle(monotonic() + self._authority.settings.patience)
        if self._cell.policy is None:
            self._cell.policy = Policy.read(self._asked)

    def _settle(self, until: float) -> bool:
        try:
            self._cell.policy = Policy.read(self._orders.create(self._asked, _rest(until))["policy"])
        except OrderFailed as failure:
            if failure.status is None:
                return self._in_vain()
            return self._adopt(failure, until)
        return True

    def _in_vain(self) -> bool:
        self._not_before = monotonic() + AGAIN
        return False

    def _adopt(self, failure: OrderFailed, until: float) -> bool:
        """Takes the policy of the breaker that exists; returns whether the numbers are settled."""
        try:
            self._cell.policy = Policy.read(self._orders.view(_rest(until))["policy"])
        except OrderFailed as unknown:
            if unknown.status is None:
                return self._in_vain()
            is_to_come = unknown.status == _UNKNOWN and not self._was_unknown
            self._was_unknown = True
            if not is_to_come:
                log.warning(
                    "the numbers of %s are not set: %s; its current ones are unknown: %s",
                    self._cell.name,
                    failure,
                    unknown,
                )
            return not is_to_come
        there = self._cell.policy._asdict()
        differing = [f"{field} is {there[field]}" for field, asked in self._asked.items() if there[field] != asked]
        if differing:
            reason = "the breaker already exists" if failure.status == _EXISTS else str(failure)
            log.warning("%s keeps the server's numbers, because %s: %s", self._cell.name, reason, ", ".join(differing))
        return True

    def change(self, fields: Mapping[str, Any]) -> None:
        """Changes the policy on the server, for all processes. This needs an operator's token.

        Raises:
            OrderFailed: the server did not change the policy.
        """
        if not self.is_settled:
            self.settle()
        self._cell.policy = Policy.read(self._orders.change(fields)["policy"])


def _rest(until: float) -> float:
    return max(until - monotonic(), 0.001)
