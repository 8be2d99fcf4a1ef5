"""Fetches the policies of the breakers in use, by which this process decides where it has to decide alone."""

from __future__ import annotations

import logging
import threading
import time

from .cell import Cell
from .link import Away, Link, Refused
from .policy import Policy

log = logging.getLogger("fusebox")

#: Seconds for one request. Nobody waits for it.
PATIENCE = 1.0
#: Seconds for which a policy is taken as known where no stream tells of its changes.
GOOD_FOR = 60.0


class Policies:
    """What is wanted in any thread is fetched in the sender's."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self.after_fork()

    def after_fork(self) -> None:
        self._lock = threading.Lock()
        self._wanted: dict[str, Cell] = {}

    def want(self, cell: Cell) -> bool:
        """Whether that is news."""
        with self._lock:
            is_news = cell.name not in self._wanted
            self._wanted[cell.name] = cell
            return is_news

    def is_due(self, cell: Cell, now: float) -> bool:
        """Whether a policy of which no stream tells should be looked at again."""
        return now >= cell.policy_good_until

    def fetch(self) -> None:
        with self._lock:
            wanted, self._wanted = self._wanted, {}
        for cell in wanted.values():
            revision = cell.policy_revision
            cell.policy_good_until = time.monotonic() + GOOD_FOR
            try:
                document = self._link.ask("GET", f"/v1/breakers/{cell.name}", within=PATIENCE)
                cell.policy, cell.policy_known = Policy.read(document["policy"]), revision
            except Away as reason:
                # Asked for again with the next change, or when the time comes.
                cell.policy_good_until = time.monotonic() + 1.0
                log.debug("the policy of %s is not known: %s", cell.name, reason)
            except Refused as refusal:
                if refusal.status != 404:
                    log.error("the policy of %s cannot be read: %s", cell.name, refusal)
            except (KeyError, TypeError) as error:
                log.error("the policy of %s is not as expected: %r", cell.name, error)
