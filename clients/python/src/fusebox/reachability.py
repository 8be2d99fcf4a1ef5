"""A small breaker around Fusebox itself, so that one that is dead costs next to nothing."""

from __future__ import annotations

import logging
import random
import threading
import time
from typing import Optional

log = logging.getLogger("fusebox")

#: Seconds until the first attempt after a failed one; doubled by each that follows.
FIRST_PAUSE = 0.1
#: And at most so many: how long it can take to notice that Fusebox is back.
LONGEST_PAUSE = 2.0


class Pause:
    """Grows from attempt to attempt, and differs between processes, so that they do not come back all at once."""

    def __init__(self) -> None:
        self._attempts = 0

    def next(self) -> float:
        """Seconds until the next attempt: between half and all of what the attempts so far ask for."""
        pause = min(LONGEST_PAUSE, FIRST_PAUSE * float(1 << min(self._attempts, 10)))
        self._attempts += 1
        return pause * random.uniform(0.5, 1.0)

    def reset(self) -> None:
        self._attempts = 0


class Reachability:
    """Whether Fusebox is worth asking.

    One failed attempt is enough to stop, for each costs a call its time-out. Then one caller at a time tries again.
    """

    def __init__(self, policy: str) -> None:
        self._policy = policy
        self.after_fork()

    def after_fork(self) -> None:
        self._lock = threading.Lock()
        self._pause = Pause()
        self._retry_at = 0.0
        self.reason: Optional[str] = None
        self._refused: set[str] = set()
        #: Decisions that were made without Fusebox, of which so many denied, and how often it went away.
        self.decisions_alone = self.denied_alone = self.departures = 0
        self._decisions_before = 0

    @property
    def is_away(self) -> bool:
        return self.reason is not None

    def may_ask(self, now: float) -> bool:
        """Whether to ask. Where Fusebox is away, only the first to come when it is time; it has to tell the result."""
        if self.reason is None:
            return True
        with self._lock:
            if now < self._retry_at:
                return False
            # Kept from all others for longer than the attempt can take; a result sets it anew.
            self._retry_at = now + LONGEST_PAUSE
            return True

    def rest(self, now: float) -> float:
        """Seconds until it is worth asking again."""
        return max(self._retry_at - now, 0.0)

    def failed(self, reason: str) -> None:
        with self._lock:
            is_change = self.reason is None
            self.reason = reason
            self._retry_at = time.monotonic() + self._pause.next()
            if is_change:
                self.departures += 1
                self._decisions_before = self.decisions_alone
        if is_change:
            log.warning("Fusebox is away: %s; decisions follow unreachable=%r", reason, self._policy)

    def succeeded(self, name: Optional[str] = None) -> None:
        """Fusebox answered; where it decided, about ``name``."""
        if name is not None and name in self._refused:
            self._refused.discard(name)
        if self.reason is None:
            return
        with self._lock:
            is_change, self.reason = self.reason is not None, None
            decisions = self.decisions_alone - self._decisions_before
            self._pause.reset()
        if is_change:
            log.warning("Fusebox is back; %d decisions were made without it", decisions)

    def close(self) -> None:
        """Nobody asks any more, and nobody has to be told."""
        self.reason, self._retry_at = "this Fusebox is closed", float("inf")

    def refused(self, name: str, reason: str) -> None:
        """Fusebox is there, and decides nothing about ``name``: said once, for it stays so until someone acts."""
        with self._lock:
            is_change = name not in self._refused
            self._refused.add(name)
        if is_change:
            log.error(
                "Fusebox decides nothing about %s: %s; decisions follow unreachable=%r", name, reason, self._policy
            )

    def decided_alone(self, allowed: bool) -> None:
        with self._lock:
            self.decisions_alone += 1
            self.denied_alone += not allowed
