"""Reports on their way to Fusebox, each of one outcome or of several equal outcomes in a row."""

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

#: The server's limit of a duration, in milliseconds.
LONGEST_DURATION_MS = 86_400_000
#: The server's limit of the outcomes in one report.
LARGEST_COUNT = 10_000
#: The calls of one report end within this many seconds, because the server only receives the time of the last one.
LONGEST_SPAN = 1.0


class Item:
    """One report of ``count`` equal outcomes in a row.

    After it may have reached the server it is not changed, because its id identifies exactly this report.

    An invalid duration or kind is left out: the outcome counts without it, and the server would refuse the whole
    request because of it.
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
        #: The ends of the first and of the last call, by ``time.monotonic()``.
        self.first_ended = self.ended = ended
        self.report_id = report_id
        self.kind = None if kind is None else word_of(kind)
        self.count = 1
        self.attempted = False
        #: The future of the server's answer, if a caller waits for it. Its result ``None`` means that there is none.
        self.answer: Optional[Future[Optional[Mapping[str, Any]]]] = None
        #: The policy treats durations from ``shortest`` to below ``longest`` alike. The report has the longest of them.
        self.shortest, self.longest = cell.equal_durations(duration or 0.0)

    @property
    def is_probe(self) -> bool:
        """Whether this is the outcome of a probe, judged by the permit."""
        return self.permit is not None and "-" in self.permit

    def takes(self, other: Item) -> bool:
        """Merges ``other``, the next outcome, if the two differ only in their times and end within ``LONGEST_SPAN``.

        Returns ``False`` if they cannot be merged.
        """
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
        """Adds ``count`` outcomes, of which the longest took ``duration`` seconds and the last ended at ``ended``."""
        self.count += count
        self.ended = max(self.ended, ended)
        if duration is not None and (self.duration is None or duration > self.duration):
            self.duration = duration

    def answered(self, answer: Optional[Mapping[str, Any]]) -> None:
        """Hands the answer to the caller that waits for it, if there is one."""
        if self.answer is not None:
            try:
                self.answer.set_result(answer)
            except InvalidStateError:
                pass  # The caller was cancelled, or already has a result.

    def document(self, reporter: Optional[str], now: float) -> dict[str, Any]:
        """The JSON of a request that is sent at ``now``. A repeated report has the same id and a greater age."""
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
    """``duration`` as a number of seconds; ``None`` if it is not valid, for example negative after a clock was set
    back."""
    try:
        seconds = float(duration)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        return None
    return seconds if seconds >= 0 and math.isfinite(seconds) else None


def milliseconds(seconds: float) -> int:
    return min(max(int(seconds * 1_000), 0), LONGEST_DURATION_MS)


def report_ids() -> Callable[[], str]:
    """A function that makes ids unique across processes. A child of fork() must create its own."""
    prefix = os.urandom(9).hex()
    numbers = itertools.count(1)
    return lambda: f"{prefix}-{next(numbers)}"
