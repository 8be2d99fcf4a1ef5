"""Outcomes that wait to be sent: any thread may add one; they keep their order, and their number is bounded."""

from __future__ import annotations

import threading
from collections import deque
from typing import TYPE_CHECKING, Optional, Union, cast

from .link import Refused
from .logs import log
from .outcomes import LARGEST_COUNT, LONGEST_SPAN, Item, report_ids

if TYPE_CHECKING:
    from .decisions import Decisions
    from .standing import Standing


#: The most reports in one request. It is far below the server's limit, so that no request takes long.
LARGEST_BATCH = 1_000
#: The most outcomes in one request: the server's limit.
MOST_OUTCOMES = 1_000_000
#: Seconds after the end of a call for which its outcome is sent. The server accepts no outcome older than 15 minutes,
#: and remembers an id for as long: a report that had reached it and is repeated after that would count twice.
LONGEST_WAIT = 14 * 60.0
#: If the intake has more entries than this, the caller puts them in order itself.
LARGEST_INTAKE = 20_000


class Outbox:
    """The queue of outcomes to report.

    Callers append to ``intake`` without a lock: ``append`` and ``popleft`` of a deque are atomic under the GIL, and use
    a lock of the deque in a Python without the GIL. The success of a call that the panel allowed is a plain tuple of
    its standing, its start and its end; any other entry is an ``Item``.
    """

    def __init__(self, capacity: int, decisions: Optional[Decisions] = None) -> None:
        if capacity < 1:
            raise ValueError(f"buffer must be at least 1, not {capacity}")
        self._capacity = capacity
        self._decisions = decisions
        #: Never replaced, because each ``Breaker`` keeps a reference to it.
        self.intake: deque[Union[tuple[Standing, float, float], Item]] = deque()
        #: Outcomes that were given up unsent, and those that the server refused.
        self.dropped = 0
        self.after_fork()

    def after_fork(self) -> None:
        """Empties the outbox in the child, because the parent sends its outcomes."""
        self.intake.clear()
        self.next_id = report_ids()
        self._lock = threading.Lock()
        self._waiting: deque[Item] = deque()
        self._last: dict[str, Item] = {}
        self._warned = False
        #: The code of the last refusal by breaker name; the key ``None`` is for refusals of whole batches.
        self._refused: dict[Optional[str], str] = {}
        #: Whether outcomes wait that could not be sent. Later ones then have to queue after them.
        self.is_behind = False

    def __len__(self) -> int:
        """The number of waiting reports, without the entries of the intake."""
        return len(self._waiting)

    def gather(self) -> None:
        """Moves the intake to the waiting reports; merges equal outcomes in a row into one item."""
        with self._lock:
            self._take_in()
            dropped = self._trim()
        self._warn(dropped)

    def _take_in(self) -> None:
        """Moves the entries of the intake.

        The time spent here for each success is taken from the threads that make the calls. So of successes in a row
        only the times are compared.
        """
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
                    self._count(standing_of_row, count)
                self._count(standing, 1)
                row = self._row(standing, duration, ended)
                standing_of_row, shortest, longest = standing, row.shortest, row.longest
                first, last = row.first_ended, ended
                count, room, most = 0, LARGEST_COUNT - row.count, 0.0
            else:
                if row is not None:
                    row.add(count, most, last)
                    self._count(standing_of_row, count)
                row = standing_of_row = None
                self._add(cast(Item, entry))
        if row is not None:
            row.add(count, most, last)
            self._count(standing_of_row, count)

    def _count(self, standing: Optional[Standing], count: int) -> None:
        if self._decisions is not None and standing is not None and count:
            self._decisions.allowed(standing.cell.name, count)

    def _row(self, standing: Standing, duration: float, ended: float) -> Item:
        """The item to which a success belongs: the breaker's last one if they can be merged, otherwise a new one."""
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
        """Takes out the next batch, oldest first. The caller sends it or gives it back."""
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
        """Puts a batch that was not answered back to the front of the queue."""
        with self._lock:
            self._waiting.extendleft(reversed(batch))
            self.is_behind = True
            dropped = self._trim()
        self._warn(dropped)

    def abandon(self) -> int:
        """Drops all outcomes, because the sender has ended; returns their number."""
        self.gather()
        lost = 0
        with self._lock:
            while self._waiting:
                lost += self._let_go(self._waiting.popleft())
        return lost

    def refuse(self, item: Item, code: str, detail: str) -> None:
        """Drops an item that the server refuses. Each reason is logged once, because it lasts until someone acts."""
        with self._lock:
            self.dropped += item.count
            is_news = self._refused.get(item.cell.name) != code
            self._refused[item.cell.name] = code
        item.answered(None)
        if is_news:
            log.error("outcomes of %s are refused: %s", item.cell.name, detail)

    def hold(self, batch: list[Item], refusal: Refused) -> None:
        """Keeps a batch that the server refuses as a whole, because of the token for example, until someone acts.

        Each reason is logged once. Callers that wait for an answer get ``None`` and continue.
        """
        with self._lock:
            is_news = self._refused.get(None) != refusal.code
            self._refused[None] = refusal.code
        for item in batch:
            item.answered(None)
        if is_news:
            log.error("outcomes are refused and wait in the buffer: %s", refusal)
        self.give_back(batch)

    def accepted(self) -> None:
        """Notes that the server accepts batches. It may still refuse single outcomes in them."""
        if self._refused:
            self._refused.pop(None, None)

    def _warn(self, dropped: int) -> None:
        if dropped and not self._warned:
            self._warned = True
            log.warning(
                "outcomes are dropped, oldest first: more than %d reports wait, or some for longer than %d minutes",
                self._capacity,
                LONGEST_WAIT // 60,
            )
        elif not dropped and self._warned and not self._waiting:
            self._warned = False
