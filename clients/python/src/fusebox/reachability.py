"""A small breaker around Fusebox itself, so that one that is dead costs next to nothing."""

from __future__ import annotations

import logging
import random
import threading
import time
from typing import Optional

from .link import Refused

log = logging.getLogger("fusebox")

#: Seconds until the first attempt after a failed one; doubled by each that follows.
FIRST_PAUSE = 0.1
#: And at most so many: how long it can take to notice that Fusebox is back.
LONGEST_PAUSE = 2.0
#: Seconds for which it has to be back for the next absence to be another, and not the same one going on.
STEADY = 5.0
#: Seconds between two words of one that goes and comes again and again.
QUIET = 60.0
#: Seconds for which outcomes that are taken say nothing of decisions.
DOUBT = 60.0
#: The status of an answer to who is not known.
UNAUTHORIZED = 401


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
    """Whether Fusebox is worth asking for decisions.

    One failed attempt is enough to stop, for each costs a call its time-out. Then one caller at a time tries again.
    What was under way together is one attempt: who asked before the last that was heard of tells nothing new.

    Fusebox is away where it does not answer who asks for a decision. It is back where it does, be it by a refusal. It
    is believed to be where it takes outcomes as fast as it has to decide, for it may be that nobody asks; but not soon
    after that was believed, or after it said itself that it decides nothing. A stream that begins lets the next attempt
    come at once, and says no more, for it lives on where nothing is decided.

    One that goes and comes at the edge of the time-out is asked ever less often, and is logged once a minute. One that
    may only be slow, for an answer may still come, is logged if the next attempt fails as well.
    """

    def __init__(self, policy: str, patience: float) -> None:
        self._policy = policy
        #: Seconds that an attempt can take.
        self._patience = patience
        # Kept from all others for longer than that; its result sets it anew.
        self._hold = max(LONGEST_PAUSE, 2 * patience)
        self.after_fork()

    def after_fork(self) -> None:
        self._lock = threading.Lock()
        self._pause = Pause()
        self._retry_at = 0.0
        #: Before this instant, nobody asked who could tell anything new.
        self._told_at = float("-inf")
        #: And from this one on, what it does beside decisions says something of them.
        self._believed_from = float("-inf")
        self._is_hastened = self._is_closed = False
        self._back_at = float("-inf")
        #: Of this absence: whether it is logged, and from when on that may be. And how many before were not.
        self._is_said = False
        self._say_from = float("-inf")
        self._unsaid = 0
        self.reason: Optional[str] = None
        self._refused: dict[Optional[str], str] = {}
        #: Decisions that were made without Fusebox, of which so many denied, and how often it went away.
        self.decisions_alone = self.denied_alone = self.departures = 0
        self._decisions_before = 0
        #: Counts absences, of its decisions or its stream. One goes on where Fusebox was not steadily back with both.
        self.absence = 0
        #: Since when it is there with both; ``None`` where it is not.
        self._whole_from: Optional[float] = float("-inf")
        self._has_stream = True

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
            self._retry_at = now + self._hold
            return True

    def rest(self, now: float) -> float:
        """Seconds until it is worth asking again; infinite where it never is."""
        return max(self._retry_at - now, 0.0)

    def failed(self, reason: str, began: float, *, says_so_itself: bool = False, may_be_slow: bool = False) -> None:
        """A decision that was asked for at ``began`` was not answered, or with that there can be none."""
        with self._lock:
            if began < self._told_at or self._is_closed:
                return
            now = self._told_at = time.monotonic()
            is_news = self.reason is None and self._departs(now)
            self.reason = reason
            if says_so_itself:
                self._believed_from = now + DOUBT
            self._retry_at = now + self._pause.next()
            if self._is_said or now < self._say_from or (is_news and may_be_slow):
                return
            self._is_said, self._say_from = True, now + QUIET
            unsaid, self._unsaid = self._unsaid - 1, 0
        again = f"; number of unlogged absences since the last such message: {unsaid}" if unsaid else ""
        log.warning("Fusebox is unreachable: %s; decisions follow unreachable=%r%s", reason, self._policy, again)

    def _departs(self, now: float) -> bool:
        """Whether this is another absence, and not the last one going on."""
        self.departures += 1
        self._unsaid += 1
        self._is_said = False
        self._decisions_before = self.decisions_alone
        self._parts(now)
        if now - self._back_at < STEADY:
            return False
        self._pause.reset()
        self._say_from = now
        return True

    def decided(self, name: str, began: float) -> None:
        """Fusebox decided about ``name``, which was asked for at ``began``."""
        if self._refused:
            self._refused.pop(name, None)
            self._refused.pop(None, None)
        self._answered(began)

    def refused(self, name: str, refusal: Refused, began: float) -> None:
        """Fusebox is there, and decides nothing about ``name``, or where the token is not good, about none: said once
        for each reason, for it stays so until someone acts."""
        self._answered(began)
        key, reason = (None if refusal.status == UNAUTHORIZED else name), str(refusal)
        with self._lock:
            is_change = self._refused.get(key) != reason
            self._refused[key] = reason
        if is_change:
            about = "any breaker" if key is None else key
            log.error(
                "Fusebox makes no decisions about %s: %s; decisions follow unreachable=%r", about, reason, self._policy
            )

    def worked(self, took: float) -> None:
        """Fusebox took outcomes or an order, in so many seconds."""
        now = time.monotonic()
        if self.reason is not None and took < self._patience and now >= self._believed_from:
            self._believed_from = now + DOUBT
            self._is_back()

    def _parts(self, now: float) -> None:
        if self._whole_from is not None and now - self._whole_from >= STEADY:
            self.absence += 1
        self._whole_from = None

    def stream_broke(self) -> None:
        """What stands in may be needed. Of decisions that says nothing."""
        with self._lock:
            self._has_stream = False
            self._parts(time.monotonic())

    def stream_began(self) -> None:
        """A sign of life, of which one in each absence shortens the pause."""
        with self._lock:
            self._has_stream = True
            if self.reason is None:
                self._whole_from = time.monotonic()
            if self.reason is not None and not self._is_hastened and not self._is_closed:
                self._is_hastened = True
                self._retry_at = 0.0

    def close(self) -> None:
        """Nobody asks any more, and nobody has to be told."""
        with self._lock:
            self._is_closed = True
            self.reason, self._retry_at = "this Fusebox is closed", float("inf")

    def decided_alone(self, allowed: bool) -> None:
        with self._lock:
            self.decisions_alone += 1
            self.denied_alone += not allowed

    def _answered(self, began: float) -> None:
        if began > self._told_at:
            self._told_at = began
        self._believed_from = float("-inf")
        if self.reason is not None:
            self._is_back()

    def _is_back(self) -> None:
        with self._lock:
            if self.reason is None or self._is_closed:
                return
            self.reason, self._is_hastened = None, False
            self._back_at = time.monotonic()
            if self._has_stream:
                self._whole_from = self._back_at
            if not self._is_said:
                return
            decisions = self.decisions_alone - self._decisions_before
        log.warning("Fusebox is reachable again; %d decisions were made without it", decisions)
