"""An outcome on its way to Fusebox, alone or as several in a row that are equal."""

from __future__ import annotations

import itertools
import math
import os
from collections.abc import Callable, Mapping
from concurrent.futures import Future, InvalidStateError
from typing import TYPE_CHECKING, Any, Optional

from .decision import Outcome
from .kinds import word_of

if TYPE_CHECKING:
    from .cell import Cell

#: What the server takes at most.
LONGEST_DURATION_MS = 86_400_000
LARGEST_COUNT = 10_000
#: Seconds within which calls have to end for one report to stand for them: the server knows the time of the last alone.
LONGEST_SPAN = 1.0


class Item:
    """One report, which stands for ``count`` outcomes in a row.

    Once it may have reached the server it stays as it is: its id stands for just this.

    Whatever is no duration or no kind is left out, for the outcome counts all the same, and the server would refuse
    all that is sent with it.
    """

    __slots__ = (
        "answer",
        "attempted",
        "cell",
        "count",
        "duration",
        "ended",
        "first_ended",
        "kind",
        "longest",
        "outcome",
        "permit",
        "report_id",
        "shortest",
    )

    def __init__(
        self,
        cell: Cell,
        outcome: Outcome,
        permit: Optional[str],
        duration: Optional[float],
        ended: float,
        report_id: str,
        kind: Optional[str] = None,
    ) -> None:
        self.cell = cell
        self.outcome = outcome
        self.permit = permit
        self.duration = duration = seconds_of(duration)
        #: When the call ended, by ``time.monotonic()``: of several, the first and the last.
        self.first_ended = self.ended = ended
        self.report_id = report_id
        self.kind = None if kind is None else word_of(kind)
        self.count = 1
        self.attempted = False
        #: Where somebody waits for what the server says of just this outcome; ``None`` stands for a refusal.
        self.answer: Optional[Future[Optional[Mapping[str, Any]]]] = None
        #: Durations from the one to below the other make no difference to the policy. The longest stands for all.
        self.shortest, self.longest = cell.equal_durations(duration or 0.0)

    @property
    def is_probe(self) -> bool:
        """Whether it is what became of a probe, by its permit."""
        return self.permit is not None and "-" in self.permit

    def takes(self, other: Item) -> bool:
        """Adds ``other``, which follows, if it is equal but for its time, and ended within the same second; else gives
        ``False``."""
        first, last = min(self.first_ended, other.first_ended), max(self.ended, other.ended)
        if (
            self.attempted
            or other.attempted
            or self.answer is not None
            or other.answer is not None
            or self.outcome != other.outcome
            or self.permit != other.permit
            or self.kind != other.kind
            or self.count + other.count > LARGEST_COUNT
            or self.is_probe
            or not self.shortest <= (other.duration or 0.0) < self.longest
            or last - first >= LONGEST_SPAN
        ):
            return False
        self.first_ended = first
        self.add(other.count, other.duration, other.ended)
        return True

    def add(self, count: int, duration: Optional[float], ended: float) -> None:
        """So many outcomes more, of which the longest took so many seconds, and the last ended at ``ended``."""
        self.count += count
        self.ended = max(self.ended, ended)
        if duration is not None and (self.duration is None or duration > self.duration):
            self.duration = duration

    def answered(self, answer: Optional[Mapping[str, Any]]) -> None:
        """Tells whoever waits."""
        if self.answer is not None:
            try:
                self.answer.set_result(answer)
            except InvalidStateError:
                pass  # Whoever waited was cancelled.

    def document(self, reporter: Optional[str], now: float) -> dict[str, Any]:
        """As the server takes it, where it is sent at ``now``. Sent again it has the same id and a greater age."""
        document: dict[str, Any] = {
            "name": self.cell.name,
            "outcome": self.outcome,
            "report_id": self.report_id,
            "age_ms": max(int((now - self.ended) * 1_000), 0),
        }
        if self.permit is not None:
            document["permit"] = self.permit
        if self.duration is not None:
            document["duration_ms"] = milliseconds(self.duration)
        if self.kind:
            document["kind"] = self.kind
        if reporter:
            document["reporter"] = reporter
        if self.count > 1:
            document["count"] = self.count
        return document


def seconds_of(duration: object) -> Optional[float]:
    """``None`` for what is no span of time: one that is negative, say, by a clock that was set back."""
    try:
        seconds = float(duration)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        return None
    return seconds if seconds >= 0 and math.isfinite(seconds) else None


def milliseconds(seconds: float) -> int:
    return min(max(int(seconds * 1_000), 0), LONGEST_DURATION_MS)


def report_ids() -> Callable[[], str]:
    """Makes ids that no other process makes; a child of fork() needs a maker of its own."""
    prefix = os.urandom(9).hex()
    numbers = itertools.count(1)
    return lambda: f"{prefix}-{next(numbers)}"
