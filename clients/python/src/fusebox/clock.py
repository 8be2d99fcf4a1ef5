"""An estimate of the server's clock, from the times in its events."""

from __future__ import annotations

from typing import Optional


class ServerClock:
    """Translates the server's instants to this process's ``time.monotonic()``.

    The server sends each event at the instant in it, or later, and the event arrives later still. So the event with the
    least delay gives the best estimate. Its error is to the late side: a breaker is not considered due too early.

    The two clocks drift apart, and a time may be wrong. So the estimate is the best of the present span and the one
    before; older times are forgotten.
    """

    #: Seconds by which the estimate must change before earlier translations are repeated.
    WORTHWHILE = 0.02
    #: Seconds of a span. Two clocks differ by about 100 ppm at most, which is 0.006 s in a span.
    SPAN = 60.0
    #: Seconds by which two estimates differ if the server's clock was set between them. The server takes only steps of
    #: more than a minute, and follows smaller ones slowly.
    STEP = 30.0

    def __init__(self) -> None:
        self._present: Optional[float] = None
        self._before: Optional[float] = None
        self._began = 0.0
        #: The estimate at the time when translations last had to be repeated.
        self._told: Optional[float] = None

    @property
    def is_set(self) -> bool:
        return self._present is not None

    def hear(self, at: float, now: float) -> bool:
        """Takes an event sent at ``at`` and received at ``now``; returns whether to repeat earlier translations."""
        ahead = at - now
        if self._present is None or now - self._began >= self.SPAN:
            # The old estimate is kept even after a long silence: the first event may be late, because this process
            # was stopped.
            self._present, self._before, self._began = ahead, self._present, now
        else:
            self._present = max(self._present, ahead)
        if self._told is None:
            self._told = self._ahead
        if abs(self._ahead - self._told) <= self.WORTHWHILE:
            return False
        self._told = self._ahead
        return True

    def is_set_since(self, other: ServerClock) -> bool:
        """Whether the server's clock was set after ``other`` last took an event, and before this one took its first."""
        return self.is_set and other.is_set and abs(self._ahead - other._ahead) > self.STEP

    def local(self, at: float) -> float:
        """The server's instant ``at``, by ``time.monotonic()``."""
        return at - self._ahead

    @property
    def _ahead(self) -> float:
        if self._present is None:
            raise RuntimeError("the server has not sent its time yet")
        return self._present if self._before is None else max(self._present, self._before)
