"""Fetches the policies of the breakers in use: this process needs them when it decides alone."""

from __future__ import annotations

import threading
import time
from typing import Optional

from .cell import Cell
from .link import Away, Link, Refused
from .logs import log
from .policy import Policy
from .reachability import UNAUTHORIZED

#: Time-out of one request, in seconds. No call waits for it.
PATIENCE = 1.0
#: Seconds for which a fetched policy is good if no stream reports its changes.
GOOD_FOR = 60.0
#: Seconds between a failed request and the next.
AGAIN = 1.0


class Policies:
    """The policies to fetch. Any thread may ask for one; the sender's thread fetches it."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self.after_fork()

    def after_fork(self) -> None:
        self._lock = threading.Lock()
        self._wanted: dict[str, Cell] = {}
        self._not_before = 0.0
        self._refused: dict[Optional[str], str] = {}

    def want(self, cell: Cell) -> bool:
        """Asks for the policy of ``cell``; returns whether it was not asked for yet."""
        with self._lock:
            is_news = cell.name not in self._wanted
            self._wanted[cell.name] = cell
            return is_news

    def is_due(self, cell: Cell, now: float) -> bool:
        """Whether to fetch a policy again whose changes no stream reports."""
        return now >= cell.policy_good_until

    @property
    def due(self) -> Optional[float]:
        """The instant of the next fetch, by ``time.monotonic()``; ``None`` if no policy is wanted."""
        return self._not_before if self._wanted else None

    def fetch(self) -> None:
        """Fetches the wanted policies. If the server does not answer, leaves the rest for a later round, because
        outcomes would have to wait for each request to time out."""
        if time.monotonic() < self._not_before:
            return
        with self._lock:
            wanted, self._wanted = self._wanted, {}
        while wanted:
            name, cell = wanted.popitem()
            try:
                self._fetch(cell)
            except Away as reason:
                log.debug("the policy of %s is not known: %s", name, reason)
                self._not_before = cell.policy_good_until = time.monotonic() + AGAIN
                with self._lock:
                    self._wanted = {name: cell, **wanted, **self._wanted}
                return

    def _fetch(self, cell: Cell) -> None:
        revision = cell.policy_revision
        cell.policy_good_until = time.monotonic() + GOOD_FOR
        try:
            document = self._link.ask("GET", f"/v1/breakers/{cell.name}", within=PATIENCE)
            cell.policy, cell.policy_known = Policy.read(document["policy"]), revision
            self._refused.clear()
        except Refused as refusal:
            if refusal.status != 404:
                self._say(None if refusal.status == UNAUTHORIZED else cell.name, str(refusal))
        except (KeyError, TypeError, ValueError) as error:
            self._say(cell.name, f"it is not as expected: {error!r}")

    def _say(self, name: Optional[str], reason: str) -> None:
        """Logs a refusal once for each reason."""
        if self._refused.get(name) != reason:
            self._refused[name] = reason
            log.error("the policy of %s cannot be read: %s", name or "any breaker", reason)
