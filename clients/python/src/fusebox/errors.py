"""What a protected call can raise beside the call's own exceptions."""

from __future__ import annotations

from typing import Optional


class FuseboxError(Exception):
    """The base of all that this package raises by itself."""


class BreakerOpen(FuseboxError):
    """The breaker denies the call, which was not made.

    Attributes:
        breaker: the breaker's name.
        state: ``"open"``, or ``"half_open"`` while another call is the probe.
        retry_after: seconds until it is worth asking again; ``None`` where nothing says (an override without an end).
    """

    def __init__(self, breaker: str, state: str, retry_after: Optional[float] = None) -> None:
        when = "" if retry_after is None else f"; retry in {retry_after:.1f} s"
        super().__init__(f"{breaker} is {state}{when}")
        self.breaker = breaker
        self.state = state
        self.retry_after = retry_after

    def __reduce__(self) -> tuple[type[BreakerOpen], tuple[str, str, Optional[float]]]:
        # Between processes (Celery, multiprocessing) an exception travels by what it was made of.
        return type(self), (self.breaker, self.state, self.retry_after)
