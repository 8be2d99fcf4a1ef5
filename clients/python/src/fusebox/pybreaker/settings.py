"""The numbers of a circuit breaker: asked for here, kept by Fusebox."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from time import monotonic
from typing import Any, Optional

from ..authority import Authority
from ..cell import Cell
from ..orders import OrderFailed, Orders
from ..policy import Policy

log = logging.getLogger("fusebox")

#: Between which seconds Fusebox keeps a breaker open.
SHORTEST_TIMEOUT = 0.1
LONGEST_TIMEOUT = 86_400.0
#: Seconds until numbers that were asked for in vain are asked for again: else each call would, and wait for it.
AGAIN = 1.0
#: An answer that says that the breaker is there already.
_EXISTS = 412
#: And that it is not there yet: the first call makes it, with the server's numbers where the token may not say others.
_UNKNOWN = 404


def fields_of(
    fail_max: Optional[int] = None, reset_timeout: Optional[float] = None, success_threshold: Optional[int] = None
) -> dict[str, Any]:
    """What was given, as fields of a policy.

    Raises:
        ValueError: for a number that Fusebox does not take, with its name.
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
    """The policy that a program asks for, until it is known which one there is.

    The first process makes the breaker with its numbers. From then on the server's hold: an operator may have changed
    them, and a process that starts must not undo that.
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
        """Whether a call has to settle them."""
        return not self.is_settled and monotonic() >= self._not_before

    def settle(self) -> None:
        """Makes the breaker unless it is there, within the time that a call waits for what may take a commit. While
        Fusebox is away the numbers that were asked for hold, and nobody waits."""
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
        """Whether there is an answer."""
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
        """For all processes.

        Raises:
            OrderFailed: where the server does not take it; an operator's token is needed.
        """
        if not self.is_settled:
            self.settle()
        self._cell.policy = Policy.read(self._orders.change(fields)["policy"])


def _rest(until: float) -> float:
    return max(until - monotonic(), 0.001)
