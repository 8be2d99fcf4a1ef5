"""Computes PyBreaker's count of failures from the server's data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

#: The rules by which a call opens a breaker.
_RULES = ("failure_threshold", "failure_count_threshold", "failure_rate_threshold", "slow_call_rate_threshold")


def failures(view: Mapping[str, Any], transitions: Iterable[Mapping[str, Any]], is_complete: bool) -> int:
    """The consecutive failures since the circuit closed.

    Fusebox counts from zero in each state. PyBreaker continues: it counts the failures that opened the circuit, and
    each failed trial since.

    Args:
        transitions: the transitions, newest first.
        is_complete: whether there are no earlier transitions.
    """
    if view["state"] == "closed":
        return int(view["counts"]["consecutive_failures"])
    those_that_open = view["policy"]["failure_threshold"] or 1
    trials = 0
    for transition in transitions:
        if transition["cause"] == "probe_failed":
            trials += 1
        elif transition["cause"] in _RULES:
            return trials + int(those_that_open)
        elif transition["to"] == "closed":
            return trials
    return trials if is_complete else trials + int(those_that_open)
