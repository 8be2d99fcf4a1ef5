"""A protected call as a block of code: ``with`` and ``async with``."""

from __future__ import annotations

from contextvars import ContextVar
from time import monotonic
from typing import TYPE_CHECKING, Optional

from .decision import Decision, Outcome
from .errors import BreakerOpen
from .nesting import Mark

if TYPE_CHECKING:
    from types import TracebackType

    from .breaker import Breaker


class Call:
    """One call of a block. The block begins if the breaker allows it, and its end is the outcome.

    Until it ends, calls under the same breaker that are made in its context are part of it.

    Attributes:
        decision: the decision that allowed it; set when the block begins.
    """

    decision: Decision

    def __init__(self, breaker: Breaker, *, is_alone: bool = False) -> None:
        """
        Args:
            is_alone: whether calls that are made during the block are separate calls, because code that does not belong
                to the block may run during it.
        """
        self.breaker = breaker
        self._is_alone = is_alone
        self._mark: Mark = []
        self._began = 0.0
        self._is_under_way = False
        self._verdict: Optional[tuple[Outcome, Optional[str]]] = None

    @property
    def is_judged(self) -> bool:
        """Whether ``fail`` or ``ignore`` has set how the call counts."""
        return self._verdict is not None

    @property
    def has_failed_within(self) -> bool:
        """Whether the last call within this one failed, and this one has not raised that failure."""
        return bool(self._mark) and self._mark[0] is not None

    def fail(self, kind: Optional[str] = None) -> None:
        """Makes the call count as a failure, however its block ends."""
        self._verdict = "failure", kind

    def ignore(self) -> None:
        """Makes the call count as ``ignored``, however its block ends."""
        self._verdict = "ignored", None

    def detach(self) -> None:
        """Separates the call from this context, because it continues elsewhere: later calls here count separately."""
        self._mark.clear()

    def __enter__(self) -> Call:
        self._admit(self.breaker.acquire())
        return self

    async def __aenter__(self) -> Call:
        self._admit(await self.breaker.acquire_async())
        return self

    def _admit(self, decision: Decision) -> None:
        if not decision.allowed:
            raise BreakerOpen(self.breaker.name, decision.state, decision.retry_after)
        # A finalizer may have to give the decision back, and cannot start the thread.
        self.breaker._authority.sender.start()
        self.decision = decision
        self._is_under_way = True
        if not self._is_alone:
            self._mark = self.breaker._cell.begin(decision)
        self._began = monotonic()

    def __exit__(
        self,
        kind: Optional[type[BaseException]],
        error: Optional[BaseException],
        traceback: Optional[TracebackType],
    ) -> None:
        duration = monotonic() - self._began
        outcome, word = self._outcome(error)
        if isinstance(error, GeneratorExit):
            # The garbage collector may have ended the generator, where no lock may be taken.
            self.breaker.leave(self.decision, outcome, word, duration)
        elif outcome == "ignored" and not (error is None or isinstance(error, Exception)):
            self.breaker.give_back(self.decision, duration)
        else:
            self.breaker.report(outcome, self.decision, kind=word, duration=duration)

    async def __aexit__(
        self,
        kind: Optional[type[BaseException]],
        error: Optional[BaseException],
        traceback: Optional[TracebackType],
    ) -> None:
        duration = monotonic() - self._began
        outcome, word = self._outcome(error)
        if isinstance(error, GeneratorExit):
            self.breaker.leave(self.decision, outcome, word, duration)
        elif outcome == "ignored" and not (error is None or isinstance(error, Exception)):
            self.breaker.give_back(self.decision, duration)
        else:
            await self.breaker.report_async(outcome, self.decision, kind=word, duration=duration)

    def __del__(self) -> None:
        """Gives back a call that was dropped before its end: an unread body, the block of a task whose loop ended."""
        if self._is_under_way:
            self._mark.clear()
            self.breaker.leave(self.decision)

    def _outcome(self, error: Optional[BaseException]) -> tuple[Outcome, Optional[str]]:
        self._is_under_way = False
        failure = self._mark.pop() if self._mark else None
        if self._verdict is not None:
            return self._verdict
        if error is None:
            return ("success", None) if failure is None else ("failure", failure)
        if self.decision.within:
            return "ignored", None  # The running call judges the error.
        return self.breaker.outcome_of(error, self.decision)


class _Entered:
    """The calls whose blocks this context has entered, innermost first: an immutable linked list.

    A task that begins within a block starts with the list of that moment, and has its own from then on.
    """

    __slots__ = ("call", "outer")

    def __init__(self, call: Call, outer: Optional[_Entered]) -> None:
        self.call = call
        self.outer = outer

    def without(self, call: Call) -> Optional[_Entered]:
        if self.call is call:
            return self.outer
        return _Entered(self.call, None if self.outer is None else self.outer.without(call))


_entered: ContextVar[Optional[_Entered]] = ContextVar("fusebox_entered", default=None)


def enter(call: Call) -> None:
    _entered.set(_Entered(call, _entered.get()))


def leave(breaker: Breaker, error: Optional[BaseException]) -> Optional[Call]:
    """Removes and returns the innermost call of ``breaker`` that this context has entered.

    ``None`` if the garbage collector ends the block in another context: it runs in any. The finalizer of the ``Call``
    then gives the decision back.

    Raises:
        RuntimeError: the block ends in another context than it began in.
    """
    top = each = _entered.get()
    while each is not None and each.call.breaker is not breaker:
        each = each.outer
    if top is None or each is None:
        if isinstance(error, GeneratorExit):
            return None
        raise RuntimeError(
            f"the block of {breaker.name} ends in another context than it began in; use its guard() instead"
        )
    _entered.set(top.without(each.call))
    return each.call
