"""A breaker as a worker uses it."""

from __future__ import annotations

import sys
from time import monotonic
from typing import TYPE_CHECKING, Any, Optional, TypeVar, get_args

from .calls import Call, enter, leave
from .cell import Listener, check_listener
from .decision import Decision, Outcome, State
from .errors import BreakerOpen
from .fallback import Served, served
from .functions import check_plain, protect
from .nesting import is_read
from .protection import local_decision
from .protection_async import AsyncProtection

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from types import TracebackType

    from typing_extensions import ParamSpec

    P = ParamSpec("P")

F = TypeVar("F", bound="Callable[..., Any]")
R = TypeVar("R")

_OUTCOMES = get_args(Outcome)


class Breaker(AsyncProtection):
    """Asks before a call, and reports what became of it.

    A decorator (``@payments``, for functions and coroutine functions, methods too), a block (``with payments:``,
    ``async with payments:``), or a call (``payments.call(f, …)``, ``await payments.call_async(f, …)``). Made by
    ``Fusebox.breaker``; safe to share between threads, event loops and, across ``fork``, processes.
    """

    @property
    def state(self) -> Optional[State]:
        """As this process last heard; ``None`` before it did. A decision is made by ``acquire`` alone."""
        standing = self._cell.standing
        return standing.state if standing.is_learnt and self._cell.is_followed else self._cell.state

    @property
    def served(self) -> Optional[Served]:
        """Where the result of the last call with a fallback in this context came from; ``None``: from the call."""
        return served.get()

    def __repr__(self) -> str:
        return f"<Breaker {self.name}>"

    def __call__(self, function: F) -> F:
        """Protects a function: each of its calls is a call of this breaker."""
        return protect(self, function)

    def call(self, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Calls a function under protection.

        Raises:
            BreakerOpen: where the breaker denies and no fallback has a result.
        """
        check_plain(self.name, function)
        result: R = self.run(function, args, kwargs)
        return result

    async def call_async(self, function: Callable[P, Awaitable[R]], *args: P.args, **kwargs: P.kwargs) -> R:
        """The same with a coroutine function."""
        result: R = await self.run_async(function, args, kwargs)
        return result

    def acquire(self) -> Decision:
        """Asks for one call. Who is allowed reports afterwards, or gives back. Never raises because of Fusebox."""
        mark = self._cell.running.get()
        if mark:
            return self._cell.decide_within(mark)
        standing = self._cell.standing
        now = monotonic()
        if now < standing.lets_through.until:
            return local_decision(standing, now)
        return self._authority.decide(self._cell)

    async def acquire_async(self) -> Decision:
        """The same, without holding up the event loop where Fusebox has to be asked."""
        mark = self._cell.running.get()
        if mark:
            return self._cell.decide_within(mark)
        standing = self._cell.standing
        now = monotonic()
        if now < standing.lets_through.until:
            return local_decision(standing, now)
        return await self._authority.decide_async(self._cell)

    def report(
        self,
        outcome: Outcome,
        decision: Optional[Decision] = None,
        *,
        kind: Optional[str] = None,
        duration: Optional[float] = None,
    ) -> None:
        """Says what became of a call.

        Args:
            decision: what ``acquire`` gave; without it the report has no permit and counts only while closed.
            kind: a short word for a failure, at most 64 characters.
            duration: seconds that the call took.

        Raises:
            ValueError: there is no such outcome. Nothing was reported, and ``decision`` waits for its report.
        """
        _check_report(outcome, decision)
        self._authority.report(self._cell, decision, outcome, kind, duration)

    async def report_async(
        self,
        outcome: Outcome,
        decision: Optional[Decision] = None,
        *,
        kind: Optional[str] = None,
        duration: Optional[float] = None,
    ) -> None:
        """The same, without holding up the event loop."""
        _check_report(outcome, decision)
        await self._authority.report_async(self._cell, decision, outcome, kind, duration)

    def denial(self) -> Optional[BreakerOpen]:
        """What a call would raise, as far as the stream tells; ``None`` where it might be let through. Asks nobody, and
        takes no probe: for whoever would rather not begin. The decision is the call's."""
        if self._cell.running.get():
            return None
        decision = self._authority.foresee(self._cell)
        if decision is None or decision.allowed:
            return None
        return BreakerOpen(self.name, decision.state, decision.retry_after)

    def guard(self) -> Call:
        """One call as a block, ``with payments.guard() as call:``, that may be left in another context than it was
        entered in: in a generator, or where a framework enters and leaves in different threads.

        Calls under this breaker are part of it until it is left. Where other code of the same context runs before that,
        ``call.detach()`` ends it.
        """
        return Call(self, is_alone=is_read(sys._getframe(1)))

    def listen(self, listener: Listener) -> Listener:
        """Has ``listener`` told of each change of this breaker's state, in the thread that learns of it."""
        check_listener(listener)
        self._cell.listeners.append(listener)
        return listener

    def __enter__(self) -> Call:
        call = Call(self, is_alone=is_read(sys._getframe(1))).__enter__()
        enter(call)
        return call

    def __exit__(
        self,
        kind: Optional[type[BaseException]],
        error: Optional[BaseException],
        traceback: Optional[TracebackType],
    ) -> None:
        call = leave(self, error)
        if call is not None:
            call.__exit__(kind, error, traceback)

    async def __aenter__(self) -> Call:
        call = await Call(self, is_alone=is_read(sys._getframe(1))).__aenter__()
        enter(call)
        return call

    async def __aexit__(
        self,
        kind: Optional[type[BaseException]],
        error: Optional[BaseException],
        traceback: Optional[TracebackType],
    ) -> None:
        call = leave(self, error)
        if call is not None:
            await call.__aexit__(kind, error, traceback)


def _check_report(outcome: object, decision: object) -> None:
    if outcome not in _OUTCOMES:
        raise ValueError(f"outcome must be one of {_OUTCOMES}, not {outcome!r}")
    if decision is not None and not isinstance(decision, Decision):
        raise TypeError(f"decision must be a result of acquire(), not {decision!r}")
