"""Decisions that this process makes without the server."""

from __future__ import annotations

import math
from typing import Optional

from .cell import Cell
from .decision import Decision, Outcome, State
from .policy import Policy
from .settings import Unreachable
from .standin import StandIn


def decide_alone(cell: Cell, unreachable: Unreachable, now: float, rest: Optional[float], absence: int) -> Decision:
    """Decides by the setting ``unreachable``. An override that is still in force, as far as known, takes precedence.

    Args:
        rest: seconds until Fusebox is asked again; ``None`` if it never is.
        absence: the number of the period for which Fusebox is unreachable.
    """
    standing = cell.standing
    # If the breaker is in another generation by then, the server sees from the permit that the outcome is stale. The
    # stand-in's own generations and leases mean nothing to the server.
    permit = None if cell.generation is None else str(cell.generation)
    mode = standing.mode(now)
    if mode == "force_open":
        return Decision(False, "open", None, standing.override_rest(now), "fallback", began=now)
    if mode is None and cell.denied_until == math.inf:
        return Decision(False, "open", None, None, "fallback", began=now)
    if mode == "force_closed":
        return Decision(True, "closed", permit, None, "fallback", began=now)
    if unreachable == "allow":
        return Decision(True, cell.state or "closed", permit, None, "fallback", began=now)
    if unreachable == "deny" and mode != "shadow":
        return Decision(False, "open", None, rest, "fallback", began=now)
    return _by_stand_in(cell, permit, mode == "shadow", now, absence)


def _by_stand_in(cell: Cell, permit: Optional[str], in_shadow: bool, now: float, absence: int) -> Decision:
    # A stream may have begun since this call found Fusebox unreachable. The stream then decides the calls after it.
    is_alone = not (cell.is_followed and cell.standing.decides(now))
    with cell.lock:
        stand_in = cell.stand_in
        if stand_in is None or cell.is_stand_in_over(absence):
            stand_in = _stand_in(cell, now)
            if is_alone:
                cell.begin_stand_in(stand_in, absence)
        cell.is_alone = is_alone
    verdict = stand_in.acquire(now)
    if is_alone:
        cell.becomes(verdict.state, "fallback")
    if verdict.ticket is None and not in_shadow:
        return Decision(False, verdict.state, None, verdict.retry_after, "fallback", began=now)
    would_deny = verdict.ticket is None
    return Decision(True, verdict.state, permit, None, "fallback", would_deny, None, now, verdict.ticket)


def count_alone(cell: Cell, outcome: Outcome, duration: Optional[float], ended: float, absence: int) -> State:
    """Counts a call that was allowed before this process decided alone; returns the stand-in's state after it."""
    with cell.lock:
        stand_in = cell.stand_in
        if stand_in is None or cell.is_stand_in_over(absence):
            stand_in = _stand_in(cell, ended)
            cell.begin_stand_in(stand_in, absence)
    return stand_in.report(None, outcome, duration, ended)


def _stand_in(cell: Cell, now: float) -> StandIn:
    """A stand-in that begins in the breaker's last known state."""
    policy = cell.policy or Policy()
    state = cell.heard_state or cell.state or "closed"
    denied_until = cell.denied_until
    if state == "open" and denied_until == 0.0:  # The answer to a report does not say until when.
        denied_until = now + policy.recovery_timeout_ms / 1_000
    if now < denied_until:
        return StandIn(policy, now, "open", denied_until)
    return StandIn(policy, now, "closed" if state == "closed" else "half_open")
