"""The server's clock, as far as its words tell."""

from __future__ import annotations

from typing import Optional


class ServerClock:
    """Translates the server's instants to this process' ``time.monotonic()``.

    Each word of the server's was said at the instant it carries, or later, and heard later still. So the least time
    under way is nearest to the truth, and no translation is earlier: a breaker is never taken for due too soon.

    The two clocks drift apart, though, and a word may be wrong. So what counts is the best of the present span and of
    the one before; what was heard before those is forgotten.
    """

    #: Seconds by which an estimate has to differ for what was translated before to be translated again.
    WORTHWHILE = 0.02
    #: Seconds in which two clocks drift apart by less than that, with room: they differ by at most 100 ppm or so.
    SPAN = 60.0

    def __init__(self) -> None:
        self._present: Optional[float] = None
        self._before: Optional[float] = None
        self._began = 0.0
        #: As it was when what is translated was last said to need it again.
        self._told: Optional[float] = None

    @property
    def is_set(self) -> bool:
        return self._present is not None

    def hear(self, at: float, now: float) -> bool:
        """Takes a word said at ``at`` and heard at ``now``; whether translations differ notably from before."""
        ahead = at - now
        if self._present is None or now - self._began >= self.SPAN:
            # However long nothing was heard: what comes first may have waited for a process that was stopped.
            self._present, self._before, self._began = ahead, self._present, now
        else:
            self._present = max(self._present, ahead)
        if self._told is None:
            self._told = self._ahead
        if abs(self._ahead - self._told) <= self.WORTHWHILE:
            return False
        self._told = self._ahead
        return True

    def local(self, at: float) -> float:
        """By ``time.monotonic()``."""
        return at - self._ahead

    @property
    def _ahead(self) -> float:
        if self._present is None:
            raise RuntimeError("the server has not sent its time yet")
        return self._present if self._before is None else max(self._present, self._before)
