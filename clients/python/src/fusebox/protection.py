"""Runs protected calls. Every call pays for each line here."""

from __future__ import annotations

import functools
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import Any, Optional

from .authority import Authority
from .cell import Cell
from .classification import Classification
from .decision import Decision, Outcome
from .deferred import PLAIN, Deferral, Unclaimed, deferral_of, refuse
from .errors import BreakerOpen
from .fallback import NOTHING, Fallback, Invocation, served
from .nesting import Mark
from .standing import Standing


class Protection:
    """Runs functions under a breaker.

    The usual call reads the panel, which allows it, and records its success without a lock; any other call takes a
    slower path. The usual call has a ``decision`` of ``None``: the object is only created if it is needed.
    """

    def __init__(
        self,
        authority: Authority,
        cell: Cell,
        classification: Classification,
        fallback: Optional[Fallback],
    ) -> None:
        self._authority = authority
        self._cell = cell
        self._classification = classification
        self._fallback = fallback
        self._intake = authority.outbox.intake
        self._sender = authority.sender
        #: Whether every call that returns is a success, whatever its result.
        self._is_plain = classification.failed is None and fallback is None

    @property
    def name(self) -> str:
        return self._cell.name

    def ignores(self, error: BaseException) -> bool:
        """Whether ``ignore`` names this exception."""
        return self._classification.ignores(error)

    def check_fallback(self, function: Callable[..., Any], *, in_async: bool) -> None:
        """
        Raises:
            TypeError: the fallback cannot replace calls of ``function``.
        """
        if self._fallback is not None:
            self._fallback.check_function(function, in_async=in_async)

    def run(self, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if self._fallback is not None:
            self._fallback.check(args, kwargs, in_async=False)
        cell = self._cell
        running = cell.running
        outer = running.get()
        if outer:
            return self._run_within(outer, function, args, kwargs)
        standing = cell.standing
        decision: Optional[Decision] = None
        began = monotonic()
        if began >= standing.lets_through.until:
            decision = self._authority.decide(cell)
            if not decision.allowed:
                return self._denied(decision, function, args, kwargs)
            began = monotonic()
        mark: Mark = [None]
        try:
            running.set(mark)
            result = function(*args, **kwargs)
            result_type = type(result)
            if result_type not in PLAIN and (deferral := deferral_of(result_type)) is not None:
                decision = decision or local_decision(standing, began)
                return self._deferred(decision, mark, result, function, deferral)
        except BaseException as error:
            duration = monotonic() - began
            mark.clear()
            decision = decision or local_decision(standing, began)
            outcome, kind = self.outcome_of(error, decision)
            if outcome == "ignored" and not isinstance(error, Exception):
                self.give_back(decision, duration, error)
                raise
            self._authority.report(cell, decision, outcome, kind, duration)
            if outcome == "ignored" or self._fallback is None or not isinstance(error, Exception):
                raise
            instead = self._fallback.serve(Invocation(self.name, function, args, kwargs), error)
            if instead is NOTHING:
                raise
            return instead
        failure = mark.pop()
        if decision is None and failure is None and self._is_plain:
            ended = monotonic()
            # If the stream broke meanwhile, the stand-in counts this call too.
            if ended < standing.lets_through.until:
                self._intake.append((standing, began, ended))
                if len(self._intake) > self._sender.limit:
                    self._sender.notify()
                return result
        decision = decision or local_decision(standing, began)
        return self._returned(decision, result, failure, monotonic() - began, function, args, kwargs)

    def _run_within(
        self, outer: Mark, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        """Runs a call that is part of a running one. The running call judges the exceptions that this one raises."""
        decision = self._cell.decide_within(outer)
        try:
            result = function(*args, **kwargs)
            if (deferral := deferral_of(type(result))) is not None:
                return self._deferred(decision, outer, result, function, deferral)
        except BaseException as error:
            outcome, kind = self.outcome_of(error, decision)
            if outcome == "ignored" or self._fallback is None or not isinstance(error, Exception):
                raise
            instead = self._fallback.serve(Invocation(self.name, function, args, kwargs), error)
            if instead is NOTHING:
                raise
            self._authority.report(self._cell, decision, outcome, kind, None)
            return instead
        return self._returned(decision, result, None, None, function, args, kwargs)

    def _deferred(
        self, decision: Decision, mark: Mark, result: Any, function: Callable[..., Any], deferral: Deferral
    ) -> Any:
        """Handles a result that does not end its call: an awaitable or a future, whose end is the call's end.

        If the call is part of a running one, the running call judges it.

        Raises:
            UnjudgedResult: the end of the call cannot be observed, or a fallback cannot replace the result.
        """
        if deferral is Deferral.GENERATOR:
            raise refuse(result, self.name, function, "it has not run yet; protect what it calls, or use guard() in it")
        if self._fallback is not None:
            raise refuse(result, self.name, function, "a fallback can only stand in for it if that is `async def`")
        if decision.within is not None:
            return result
        self._sender.start()
        unclaimed = Unclaimed(decision, self.leave)
        if deferral is Deferral.FUTURE:
            self._cell.running.set(None)  # A task that has copied the mark keeps it.
            result.add_done_callback(functools.partial(self._done, unclaimed, mark, monotonic()))
            return result
        mark.clear()
        return self._awaited(unclaimed, result, function)

    def _done(self, unclaimed: Unclaimed, mark: Mark, began: float, future: Any) -> None:
        decision = unclaimed.claim()
        failure = mark.pop()
        error = None if future.cancelled() else future.exception()
        if error is not None:
            outcome, kind = self.outcome_of(error, decision)
        elif future.cancelled():
            outcome, kind = "ignored", None
        else:
            outcome, kind = self._outcome_with(failure, future.result(), decision)
        self._authority.post(self._cell, decision, outcome, kind, monotonic() - began)

    async def _awaited(self, unclaimed: Unclaimed, awaitable: Awaitable[Any], function: Callable[..., Any]) -> Any:
        decision = unclaimed.claim()
        outer = self._cell.running.get()
        mark = self._cell.begin(decision)
        began = monotonic()
        try:
            result = await awaitable
            if deferral_of(type(result)) is not None:
                raise refuse(result, self.name, function, "it is not over when it has been awaited")
        except BaseException as error:
            mark.clear()
            outcome, kind = self.outcome_of(error, decision)
            if outcome == "ignored":
                self.give_back(decision, monotonic() - began, error)
            else:
                await self._authority.report_async(self._cell, decision, outcome, kind, monotonic() - began)
            raise
        finally:
            self._cell.go_on(mark, outer)
        outcome, kind = self._outcome_with(mark.pop(), result, decision)
        await self._authority.report_async(self._cell, decision, outcome, kind, monotonic() - began)
        return result

    def _outcome_with(self, failure: Optional[str], result: Any, decision: Decision) -> tuple[Outcome, Optional[str]]:
        """The outcome of a result, or of a failure within the call that the call handled."""
        outcome, kind = self.outcome_of_result(result, decision)
        return ("failure", failure) if failure is not None and outcome == "success" else (outcome, kind)

    def _returned(
        self,
        decision: Decision,
        result: Any,
        failure: Optional[str],
        duration: Optional[float],
        function: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
    ) -> Any:
        outcome, kind = self.outcome_of_result(result, decision)
        if failure is not None and outcome == "success":
            # The call handled the failure of a call within it: its result is neither remembered nor replaced.
            self._authority.report(self._cell, decision, "failure", failure, duration)
            return result
        self._authority.report(self._cell, decision, outcome, kind, duration)
        fallback = self._fallback
        if fallback is None:
            return result
        call = Invocation(self.name, function, args, kwargs)
        served.set(None)
        if outcome == "success":
            if fallback.remembers:
                fallback.remember(call, result)
            return result
        instead = fallback.serve(call, None)
        return result if instead is NOTHING else instead

    def _denied(
        self, decision: Decision, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        error = BreakerOpen(self.name, decision.state, decision.retry_after)
        if self._fallback is None:
            raise error
        instead = self._fallback.serve(Invocation(self.name, function, args, kwargs), error)
        if instead is NOTHING:
            raise error
        return instead

    def give_back(
        self, decision: Decision, duration: Optional[float] = None, error: Optional[BaseException] = None
    ) -> None:
        """Gives back the decision of an allowed call, so that another call may be the probe. Does not wait.

        Args:
            error: the exception that ended the call. ``GeneratorExit`` may come from the garbage collector.
        """
        if isinstance(error, GeneratorExit):
            self.leave(decision, duration=duration)
        else:
            self._authority.give_back(self._cell, decision, duration)

    def leave(
        self,
        decision: Decision,
        outcome: Outcome = "ignored",
        kind: Optional[str] = None,
        duration: Optional[float] = None,
    ) -> None:
        """Reports without taking a lock: for finalizers, and for calls that the garbage collector ends."""
        self._authority.leave(self._cell, decision, outcome, kind, duration)

    def outcome_of(self, error: BaseException, decision: Decision) -> tuple[Outcome, Optional[str]]:
        """The outcome for ``error``, and the kind of a failure. If that raises, the decision is given back."""
        try:
            return self._classification.of_error(error)
        except BaseException:
            self.give_back(decision)
            raise

    def outcome_of_result(self, result: Any, decision: Decision) -> tuple[Outcome, Optional[str]]:
        """The outcome for a returned result, and the kind of a failure. If that raises, the decision is given back."""
        try:
            return self._classification.of_result(result)
        except BaseException:
            self.give_back(decision)
            raise


def local_decision(standing: Standing, began: float) -> Decision:
    """The panel's decision about a breaker that allows every call."""
    standing.cell.note_decision(standing.cell.name, True)
    return Decision(True, "closed", standing.permit, None, "local", began=began)
