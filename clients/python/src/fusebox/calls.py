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
    """One call. Its block is entered where the breaker allows it, and its end is the outcome.

    Calls under the same breaker that are made in its context, until it ends, are part of it.

    Attributes:
        decision: why it was let through; set at the entrance.
    """

    decision: Decision

    def __init__(self, breaker: Breaker, *, is_alone: bool = False) -> None:
        """
        Args:
            is_alone: whether calls that are made meanwhile are none of its own: another's code may run amid its block.
        """
        self.breaker = breaker
        self._is_alone = is_alone
        self._mark: Mark = []
        self._began = 0.0
        self._is_under_way = False
        self._verdict: Optional[tuple[Outcome, Optional[str]]] = None

    @property
    def is_judged(self) -> bool:
        """Whether it has been said how the call counts."""
        return self._verdict is not None

    @property
    def has_failed_within(self) -> bool:
        """Whether the last call that is part of it was a failure, which it has not raised."""
        return bool(self._mark) and self._mark[0] is not None

    def fail(self, kind: Optional[str] = None) -> None:
        """Has the call count as a failure although its block ends well."""
        self._verdict = "failure", kind

    def ignore(self) -> None:
        """Has the call count as nothing, however its block ends."""
        self._verdict = "ignored", None

    def detach(self) -> None:
        """Says that it goes on elsewhere: calls that follow in this context are their own."""
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
        self.breaker._authority.sender.start()  # It may have to be given back where no thread can be started.
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
            # Of a generator that may have been let go of anywhere.
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
        """One that is let go of came to nothing: a body that nobody reads, the block of a task whose loop has ended."""
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
            return "ignored", None  # It is the running call's to judge.
        return self.breaker.outcome_of(error, self.decision)


class _Entered:
    """The calls whose blocks this context is in, innermost first: a list that is never changed, so that tasks which
    begin within a block have their own from there on."""

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
    """The innermost call of ``breaker`` that this context has entered.

    ``None`` where the garbage collector ends a block, which it does in whatever context it runs. The call is let go of
    with the block's own.
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
