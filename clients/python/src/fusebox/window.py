"""The window of calls that a rule counts: the last N calls, or the calls of the last N milliseconds."""

from __future__ import annotations

from collections import deque
from typing import NamedTuple, Union

from .policy import Policy

BUCKETS = 60


class Counts(NamedTuple):
    calls: int = 0
    failures: int = 0
    slow: int = 0

    def plus(self, other: Counts) -> Counts:
        return Counts(self.calls + other.calls, self.failures + other.failures, self.slow + other.slow)


def _sum(parts: deque[Counts]) -> Counts:
    return Counts(sum(p.calls for p in parts), sum(p.failures for p in parts), sum(p.slow for p in parts))


class CallWindow:
    """The last ``size`` calls."""

    def __init__(self, size: int) -> None:
        self._calls: deque[Counts] = deque(maxlen=size)

    def add(self, call: Counts, elapsed_ms: float) -> Counts:
        """Adds a call; returns the counts of the window after it."""
        self._calls.append(call)
        return _sum(self._calls)


class TimeWindow:
    """The calls of the last ``window_ms``, in 60 buckets. The first bucket begins with the generation."""

    def __init__(self, window_ms: int) -> None:
        self._window_ms = window_ms
        self._newest = 0
        self._buckets: deque[Counts] = deque([Counts()], maxlen=BUCKETS)

    def add(self, call: Counts, elapsed_ms: float) -> Counts:
        """Adds a call at ``elapsed_ms`` after the generation began; returns the counts of the window after it."""
        bucket = max(self._newest, int(elapsed_ms * BUCKETS // self._window_ms))
        for _ in range(min(bucket - self._newest, BUCKETS)):
            self._buckets.append(Counts())
        self._newest = bucket
        self._buckets[-1] = self._buckets[-1].plus(call)
        return _sum(self._buckets)


Window = Union[CallWindow, TimeWindow]


def window_of(policy: Policy) -> Window:
    if policy.window_calls is not None:
        return CallWindow(policy.window_calls)
    return TimeWindow(policy.window_ms or 60_000)
