"""Outcomes that wait to be sent: gathered in any thread, kept in order, bounded."""

from __future__ import annotations

import logging
import threading
from collections import deque
from typing import TYPE_CHECKING, Optional, Union, cast

from .link import Refused
from .outcomes import LARGEST_COUNT, LONGEST_SPAN, Item, report_ids

if TYPE_CHECKING:
    from .standing import Standing

log = logging.getLogger("fusebox")

#: Reports in one request, far below what the server takes, so that none takes long.
LARGEST_BATCH = 1_000
#: Outcomes in one request: what the server takes at most.
MOST_OUTCOMES = 1_000_000
#: Seconds from the end of a call for which its outcome is worth sending. The server takes none that is older than 15
#: minutes, and knows an id for as long; what may have reached it and is sent again later would count twice.
LONGEST_WAIT = 14 * 60.0
#: Entries of the intake from which on a caller has to put them in order itself.
LARGEST_INTAKE = 20_000


class Outbox:
    """What is to be reported.

    Callers append to ``intake`` without a lock: a deque's ``append`` and ``popleft`` are atomic under the GIL, and have
    a lock of their own where there is none. A success that the panel let through is a bare tuple of its standing and
    the instants of its beginning and its end; everything else is an ``Item``.
    """

    def __init__(self, capacity: int) -> None:
        if capacity < 1:
            raise ValueError(f"buffer must be at least 1, not {capacity}")
        self._capacity = capacity
        #: Never replaced, for callers hold its ``append``.
        self.intake: deque[Union[tuple[Standing, float, float], Item]] = deque()
        #: Outcomes that were given up: too many waited, or they waited too long.
        self.dropped = 0
        self.after_fork()

    def after_fork(self) -> None:
        """In the child: what waits is the parent's to send."""
        self.intake.clear()
        self.next_id = report_ids()
        self._lock = threading.Lock()
        self._waiting: deque[Item] = deque()
        self._last: dict[str, Item] = {}
        self._warned = False
        #: Why, by name; of batches as a whole, by ``None``.
        self._refused: dict[Optional[str], str] = {}
        #: Whether something waits that could not be sent. What follows has to wait behind it.
        self.is_behind = False

    def __len__(self) -> int:
        """Reports that wait, as far as they are put in order."""
        return len(self._waiting)

    def gather(self) -> None:
        """Puts in order what callers appended: equal neighbours become one item."""
        with self._lock:
            self._take_in()
            dropped = self._trim()
        self._warn(dropped)

    def _take_in(self) -> None:
        """Each success costs its caller's thread what it costs here, so those in a row are counted without a look at
        anything but its times."""
        popleft = self.intake.popleft
        row: Optional[Item] = None
        standing_of_row: Optional[Standing] = None
        shortest = longest = most = first = last = 0.0
        count = room = 0
        for _ in range(len(self.intake)):
            entry = popleft()
            if type(entry) is tuple:
                standing, began, ended = entry
                duration = ended - began
                if (
                    standing is standing_of_row
                    and shortest <= duration < longest
                    and count < room
                    and 0 <= ended - first < LONGEST_SPAN
                ):
                    count += 1
                    last = ended
                    if duration > most:
                        most = duration
                    continue
                if row is not None:
                    row.add(count, most, last)
                row = self._row(standing, duration, ended)
                standing_of_row, shortest, longest = standing, row.shortest, row.longest
                first, last = row.first_ended, ended
                count, room, most = 0, LARGEST_COUNT - row.count, 0.0
            else:
                if row is not None:
                    row.add(count, most, last)
                row = standing_of_row = None
                self._add(cast(Item, entry))
        if row is not None:
            row.add(count, most, last)

    def _row(self, standing: Standing, duration: float, ended: float) -> Item:
        """The item that a success has become a part of."""
        last = self._last.get(standing.cell.name)
        success = Item(standing.cell, "success", standing.permit, duration, ended, "")
        if last is not None and last.takes(success):
            return last
        self._append(success)
        return success

    def _add(self, item: Item) -> None:
        last = self._last.get(item.cell.name)
        if last is not None and last.takes(item):
            return
        self._append(item)

    def _append(self, item: Item) -> None:
        if not item.report_id:
            item.report_id = self.next_id()
        self._waiting.append(item)
        self._last[item.cell.name] = item

    def _trim(self) -> int:
        dropped = 0
        while len(self._waiting) > self._capacity:
            dropped += self._let_go(self._waiting.popleft())
        return dropped

    def _let_go(self, item: Item) -> int:
        if self._last.get(item.cell.name) is item:
            del self._last[item.cell.name]
        self.dropped += item.count
        item.answered(None)
        return item.count

    def take(self, now: float) -> list[Item]:
        """The next batch, oldest first; it is either done or given back."""
        batch: list[Item] = []
        outcomes = dropped = 0
        with self._lock:
            while self._waiting and len(batch) < LARGEST_BATCH and outcomes <= MOST_OUTCOMES - LARGEST_COUNT:
                item = self._waiting.popleft()
                if now - item.ended > LONGEST_WAIT:
                    dropped += self._let_go(item)
                    continue
                item.attempted = True
                if self._last.get(item.cell.name) is item:
                    del self._last[item.cell.name]
                batch.append(item)
                outcomes += item.count
        self._warn(dropped)
        return batch

    def give_back(self, batch: list[Item]) -> None:
        """Puts a batch that was not answered before all else."""
        with self._lock:
            self._waiting.extendleft(reversed(batch))
            self.is_behind = True
            dropped = self._trim()
        self._warn(dropped)

    def abandon(self) -> int:
        """Gives up what callers appended, for nobody sends it any more; so many outcomes."""
        self.gather()
        lost = 0
        with self._lock:
            while self._waiting:
                lost += self._let_go(self._waiting.popleft())
        return lost

    def refuse(self, item: Item, code: str, detail: str) -> None:
        """Gives up what the server does not take: said once, for it stays so until someone acts."""
        with self._lock:
            self.dropped += item.count
            is_news = self._refused.get(item.cell.name) != code
            self._refused[item.cell.name] = code
        item.answered(None)
        if is_news:
            log.error("outcomes of %s are refused: %s", item.cell.name, detail)

    def hold(self, batch: list[Item], refusal: Refused) -> None:
        """Keeps what the server takes from nobody with this token, say, until someone acts: said once. Who waits for an
        answer does not wait so long."""
        with self._lock:
            is_news = self._refused.get(None) != refusal.code
            self._refused[None] = refusal.code
        for item in batch:
            item.answered(None)
        if is_news:
            log.error("outcomes are refused and wait in the buffer: %s", refusal)
        self.give_back(batch)

    def accepted(self) -> None:
        """The server takes batches. Some of their outcomes it may refuse all the same."""
        if self._refused:
            self._refused.pop(None, None)

    def _warn(self, dropped: int) -> None:
        if dropped and not self._warned:
            self._warned = True
            log.warning("outcomes are dropped, oldest first: the buffer of %d reports is full", self._capacity)
        elif not dropped and self._warned and not self._waiting:
            self._warned = False
