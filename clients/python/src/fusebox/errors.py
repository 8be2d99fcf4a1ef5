"""The exceptions of this package that a protected call can raise."""

from __future__ import annotations

from typing import Optional


class FuseboxError(Exception):
    """The base of this package's own exceptions."""


class BreakerOpen(FuseboxError):
    """The breaker denies the call; the call was not made.

    Attributes:
        breaker: the breaker's name.
        state: ``"open"``, or ``"half_open"`` while another call is the probe.
        retry_after: seconds until it is worth asking again; ``None`` if unknown (an override without an end).
    """

    def __init__(self, breaker: str, state: str, retry_after: Optional[float] = None) -> None:
        when = "" if retry_after is None else f"; retry in {retry_after:.1f} s"
        super().__init__(f"{breaker} is {state}{when}")
        self.breaker = breaker
        self.state = state
        self.retry_after = retry_after

    def __reduce__(self) -> tuple[type[BreakerOpen], tuple[str, str, Optional[float]]]:
        # Celery and multiprocessing pickle an exception: the copy is made from these arguments.
        return type(self), (self.breaker, self.state, self.retry_after)
