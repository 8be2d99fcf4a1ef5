"""The decisions that this process made itself, counted for the server."""

from __future__ import annotations

import threading
import time
from collections import deque
from typing import Any, Optional

from .link import Away, Link, Refused
from .logs import log

#: The least seconds between two requests.
INTERVAL = 1.0
#: Time-out of one request, in seconds. No call waits for it.
PATIENCE = 1.0
#: The server's limits for one request, and for one count.
MOST_ITEMS, LARGEST_COUNT = 10_000, 1_000_000
#: The server accepts no counts older than 15 minutes.
LONGEST_WAIT = 14 * 60.0
#: If the intake has more entries than this, the caller adds them up itself.
LARGEST_INTAKE = 20_000


class Decisions:
    """Counts decisions of this process by breaker, and sends the counts in requests of their own.

    A count is sent at most once, because the server could not recognize a repeated one. If an answer is lost, the
    counts of that request may be missing at the server; they are never there twice.
    """

    def __init__(self, link: Link) -> None:
        self._link = link
        #: Whether the server accepts counts, as far as known. An earlier version does not.
        self.is_accepted = True
        self.after_fork()

    def after_fork(self) -> None:
        """Forgets the counts in the child, because the parent sends them."""
        #: Callers append without a lock, because the garbage collector may end a call at any point.
        self.intake: deque[tuple[str, bool]] = deque()
        self._lock = threading.Lock()
        #: By breaker: allowed calls, denied calls, and the instant of the last addition.
        self._counts: dict[str, tuple[int, int, float]] = {}
        self._sent_at = float("-inf")

    def note(self, name: str, is_allowed: bool) -> None:
        """Counts one decision. It never waits for a lock."""
        if not self.is_accepted:
            return
        self.intake.append((name, is_allowed))
        if len(self.intake) > LARGEST_INTAKE and self._lock.acquire(blocking=False):
            try:
                self._take_in()
            finally:
                self._lock.release()

    def allowed(self, name: str, count: int) -> None:
        """Counts allowed calls whose outcomes the sender has taken from the outbox's intake."""
        if self.is_accepted:
            with self._lock:
                self._add(name, count, 0, time.monotonic())

    @property
    def due(self) -> Optional[float]:
        """When to send next, by ``time.monotonic()``; ``None`` if there is nothing to send."""
        return self._sent_at + INTERVAL if self.is_accepted and (self.intake or self._counts) else None

    def send(self) -> None:
        """Sends what was counted so far.

        If the server refuses them, as without permission for a name, the counts wait for the next request.
        """
        began = time.monotonic()
        with self._lock:
            self._take_in()
            names = list(self._counts)[:MOST_ITEMS]
            taken = {name: self._take(name) for name in names}
        taken = {name: counts for name, counts in taken.items() if began - counts[2] <= LONGEST_WAIT}
        if not taken:
            return
        self._sent_at = began
        try:
            self._link.ask("POST", "/v1/reports", {"decisions": _items(taken, began)}, within=PATIENCE)
        except Away as reason:
            log.debug("counts of decisions are lost: %s", reason)
        except Refused as refusal:
            if refusal.status == 400:
                self.is_accepted = False  # A server of an earlier version.
                with self._lock:
                    self.intake.clear()
                    self._counts.clear()
                return
            with self._lock:
                for name, (allowed, denied, at) in taken.items():
                    self._add(name, allowed, denied, at)

    def _take(self, name: str) -> tuple[int, int, float]:
        """Takes the counts of a breaker, up to the server's limit for one count. The lock is held."""
        allowed, denied, at = self._counts.pop(name)
        taken = min(allowed, LARGEST_COUNT), min(denied, LARGEST_COUNT), at
        if allowed > taken[0] or denied > taken[1]:
            self._counts[name] = (allowed - taken[0], denied - taken[1], at)
        return taken

    def _take_in(self) -> None:
        now = time.monotonic()
        for _ in range(len(self.intake)):
            name, is_allowed = self.intake.popleft()
            self._add(name, int(is_allowed), int(not is_allowed), now)

    def _add(self, name: str, allowed: int, denied: int, at: float) -> None:
        before = self._counts.get(name, (0, 0, at))
        self._counts[name] = (before[0] + allowed, before[1] + denied, max(before[2], at))


def _items(counts: dict[str, tuple[int, int, float]], now: float) -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "allowed": allowed,
            "denied": denied,
            "age_ms": int((now - at) * 1_000),
        }
        for name, (allowed, denied, at) in counts.items()
    ]
