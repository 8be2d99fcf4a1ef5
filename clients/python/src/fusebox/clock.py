"""The server's clock, as far as its words tell."""

from __future__ import annotations

from typing import Optional


class ServerClock:
    """Translates the server's instants to this process' ``time.monotonic()``.

    Each word of the server's was said at the instant it carries, or later, and heard later still. So the least time
    under way is nearest to the truth, and no translation is earlier: a breaker is never taken for due too soon.
    """

    #: Seconds by which an estimate has to be better for what was translated before to be translated again.
    WORTHWHILE = 0.02

    def __init__(self) -> None:
        self._ahead: Optional[float] = None

    def hear(self, at: float, now: float) -> bool:
        """Takes a word said at ``at`` and heard at ``now``; whether translations are notably better than before."""
        ahead = at - now
        if self._ahead is not None and ahead <= self._ahead:
            return False
        is_better = self._ahead is not None and ahead - self._ahead > self.WORTHWHILE
        self._ahead = ahead
        return is_better

    def local(self, at: float) -> float:
        """By ``time.monotonic()``."""
        if self._ahead is None:
            raise RuntimeError("the server has said nothing yet")
        return at - self._ahead
