"""PyBreaker's count of failures, of what Fusebox tells."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

#: What opens a breaker because of a call.
_RULES = ("failure_threshold", "failure_count_threshold", "failure_rate_threshold", "slow_call_rate_threshold")


def failures(view: Mapping[str, Any], transitions: Iterable[Mapping[str, Any]], is_complete: bool) -> int:
    """Consecutive failures since it closed. Fusebox begins anew with each state, PyBreaker counts on: with those that
    opened the circuit, and each trial that failed since.

    Args:
        transitions: the newest first.
        is_complete: whether there were no others before.
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
