"""A small breaker around Fusebox itself, so that calls cost almost nothing extra while Fusebox is unreachable."""

from __future__ import annotations

import random
import threading
import time
from typing import Optional

from .link import Refused
from .logs import log

#: Seconds from the first failed attempt to the next one. Each further failure doubles the pause.
FIRST_PAUSE = 0.1
#: The longest pause, in seconds: it can take this long to notice that Fusebox is back.
LONGEST_PAUSE = 2.0
#: Seconds for which Fusebox must be back before the next failure begins another absence. An earlier one continues the
#: last absence.
STEADY = 5.0
#: Seconds between two messages about a server that is unreachable again and again.
QUIET = 60.0
#: Seconds for which the acceptance of outcomes does not show that Fusebox decides.
DOUBT = 60.0
#: The status of an answer to a missing or unknown token.
UNAUTHORIZED = 401


class Pause:
    """A pause that grows from attempt to attempt. It is random, so that processes do not all try again at once."""

    def __init__(self) -> None:
        self._attempts = 0

    def next(self) -> float:
        """Seconds until the next attempt: a random time between half of the current pause and all of it."""
        pause = min(LONGEST_PAUSE, FIRST_PAUSE * float(1 << min(self._attempts, 10)))
        self._attempts += 1
        return pause * random.uniform(0.5, 1.0)

    def reset(self) -> None:
        self._attempts = 0


class Reachability:
    """Whether it is worth asking Fusebox for decisions.

    One failed attempt ends the requests, because each costs a call its time-out. Then one caller at a time tries again.
    Attempts that run at the same time count as one: a failure is ignored if its request began before the last failure
    was noted, or before the last answered request began.

    Fusebox is unreachable if it does not answer a request for a decision. It is back if it answers one, even with a
    refusal. It also counts as back if it accepts outcomes within the time for a decision, because there may be no
    request for a decision. That rule is off for ``DOUBT`` seconds after it was last used, and after Fusebox itself
    answered that it cannot decide, unless it answers a request for a decision in between. The start of a stream only
    permits the next attempt at once: a server can hold a stream open and still make no decisions.

    If Fusebox keeps answering just before or after the time-out, attempts become rarer, and a message is logged once a
    minute. If Fusebox may only be slow, because an answer may still come, a message is logged only if the next attempt
    fails too.
    """

    def __init__(self, policy: str, patience: float) -> None:
        self._policy = policy
        #: Seconds that an attempt can take.
        self._patience = patience
        # During an attempt no other begins for this many seconds. The attempt's result sets the time again.
        self._hold = max(LONGEST_PAUSE, 2 * patience)
        self.after_fork()

    def after_fork(self) -> None:
        self._lock = threading.Lock()
        self._pause = Pause()
        self._retry_at = 0.0
        #: The failure of a request that began before this instant is ignored.
        self._told_at = float("-inf")
        #: From this instant on, accepted outcomes show that Fusebox is back.
        self._believed_from = float("-inf")
        self._is_hastened = self._is_closed = False
        self._back_at = float("-inf")
        #: Whether this absence is logged.
        self._is_said = False
        #: The earliest instant of the next message.
        self._say_from = float("-inf")
        #: The number of departures since the last message.
        self._unsaid = 0
        self.reason: Optional[str] = None
        self._refused: dict[Optional[str], str] = {}
        #: Decisions made without Fusebox, the denials among them, and how often Fusebox became unreachable.
        self.decisions_alone = self.denied_alone = self.departures = 0
        self._decisions_before = 0
        #: Counts absences of decisions or of the stream. One continues until both are back for ``STEADY`` seconds.
        self.absence = 0
        #: The instant since which both decisions and the stream work; ``None`` while one of them does not.
        self._whole_from: Optional[float] = float("-inf")
        self._has_stream = True

    @property
    def is_away(self) -> bool:
        return self.reason is not None

    def may_ask(self, now: float) -> bool:
        """Whether the caller may ask. While Fusebox is unreachable, only one caller at a time may, and only after the
        pause; it must report the result here."""
        if self.reason is None:
            return True
        with self._lock:
            if now < self._retry_at:
                return False
            self._retry_at = now + self._hold
            return True

    def rest(self, now: float) -> float:
        """Seconds until the next attempt; infinite after ``close``."""
        return max(self._retry_at - now, 0.0)

    def failed(self, reason: str, began: float, *, says_so_itself: bool = False, may_be_slow: bool = False) -> None:
        """Takes a failure: a request of the instant ``began`` got no answer, or one without a decision."""
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
        """Notes that Fusebox became unreachable; returns whether this is another absence and not the last one."""
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
        """Takes a success: Fusebox decided about ``name`` on a request of the instant ``began``."""
        if self._refused:
            self._refused.pop(name, None)
            self._refused.pop(None, None)
        self._answered(began)

    def refused(self, name: str, refusal: Refused, began: float) -> None:
        """Takes a refusal: Fusebox is reachable, but refuses to decide about ``name``.

        If the token is not valid, it refuses to decide about any breaker. Each reason is logged once, because a refusal
        lasts until an operator acts.
        """
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
        """Notes that Fusebox answered a request with outcomes or an order after ``took`` seconds."""
        now = time.monotonic()
        if self.reason is not None and took < self._patience and now >= self._believed_from:
            self._believed_from = now + DOUBT
            self._is_back()

    def _parts(self, now: float) -> None:
        if self._whole_from is not None and now - self._whole_from >= STEADY:
            self.absence += 1
        self._whole_from = None

    def stream_broke(self) -> None:
        """Notes the end of a stream. This begins an absence, but does not show that Fusebox makes no decisions."""
        with self._lock:
            self._has_stream = False
            self._parts(time.monotonic())

    def stream_began(self) -> None:
        """Notes the start of a stream. The first one in each absence ends the pause at once."""
        with self._lock:
            self._has_stream = True
            if self.reason is None:
                self._whole_from = time.monotonic()
            if self.reason is not None and not self._is_hastened and not self._is_closed:
                self._is_hastened = True
                self._retry_at = 0.0

    def close(self) -> None:
        """Ends all requests and messages."""
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
