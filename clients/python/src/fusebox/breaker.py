"""The breaker object that a worker uses."""

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
    """Asks for a decision before a call, and reports the outcome after it.

    Use it as a decorator (``@payments``, for functions, coroutine functions and methods), as a block
    (``with payments:``, ``async with payments:``), or to make a call (``payments.call(f, …)``,
    ``await payments.call_async(f, …)``). ``Fusebox.breaker`` creates it. It is safe to share between threads, event
    loops and, across ``fork``, processes.
    """

    @property
    def state(self) -> Optional[State]:
        """The state as far as this process knows; ``None`` before it knows any. Only ``acquire`` makes a decision."""
        standing = self._cell.standing
        return standing.state if standing.is_learnt and self._cell.is_followed else self._cell.state

    @property
    def served(self) -> Optional[Served]:
        """The source of the last result of a call with a fallback in this context; ``None`` if the call gave it."""
        return served.get()

    def __repr__(self) -> str:
        return f"<Breaker {self.name}>"

    def __call__(self, function: F) -> F:
        """Decorates a function: the breaker protects each of its calls."""
        return protect(self, function)

    def call(self, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Calls a function under protection.

        Raises:
            BreakerOpen: the breaker denies the call and no fallback has a result.
        """
        check_plain(self.name, function)
        result: R = self.run(function, args, kwargs)
        return result

    async def call_async(self, function: Callable[P, Awaitable[R]], *args: P.args, **kwargs: P.kwargs) -> R:
        """Calls a coroutine function under protection, as ``call`` does for a function."""
        result: R = await self.run_async(function, args, kwargs)
        return result

    def acquire(self) -> Decision:
        """Asks for a decision about one call. Fusebox never makes it raise.

        A caller that is allowed reports the outcome afterwards, or gives the decision back.
        """
        mark = self._cell.running.get()
        if mark:
            return self._cell.decide_within(mark)
        standing = self._cell.standing
        now = monotonic()
        if now < standing.lets_through.until:
            return local_decision(standing, now)
        return self._authority.decide(self._cell)

    async def acquire_async(self) -> Decision:
        """Does the same as ``acquire``, without blocking the event loop if it has to ask Fusebox."""
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
        """Reports the outcome of a call.

        Args:
            decision: the result of ``acquire``. A report without it has no permit and counts only while closed.
            kind: a short word for a failure, at most 64 characters.
            duration: how long the call took, in seconds.

        Raises:
            ValueError: there is no such outcome. Nothing is reported, and ``decision`` still needs its report.
            TypeError: ``decision`` is not a ``Decision``.
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
        """Does the same as ``report``, without blocking the event loop."""
        _check_report(outcome, decision)
        await self._authority.report_async(self._cell, decision, outcome, kind, duration)

    def denial(self) -> Optional[BreakerOpen]:
        """The error that a call would raise, judged by the event stream; ``None`` if the call might be allowed.

        It sends no request and takes no probe. Use it to skip work that would end in a denial; the call itself makes
        the decision.
        """
        if self._cell.running.get():
            return None
        decision = self._authority.foresee(self._cell)
        if decision is None or decision.allowed:
            return None
        return BreakerOpen(self.name, decision.state, decision.retry_after)

    def guard(self) -> Call:
        """Makes one call of a block: ``with payments.guard() as call:``.

        The block may end in another context than it began in: in a generator, or if a framework enters and leaves it in
        different threads. Until the block ends, calls under this breaker are part of it. If other code runs in the same
        context before the end, call ``call.detach()``: calls after that count separately.
        """
        return Call(self, is_alone=is_read(sys._getframe(1)))

    def listen(self, listener: Listener) -> Listener:
        """Calls ``listener`` for each change of this breaker's state, in the thread that receives the change."""
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
