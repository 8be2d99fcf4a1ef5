"""Runs protected calls of coroutine functions: awaits every step that may wait."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic
from typing import Any, Optional

from .decision import Decision
from .deferred import awaitable_of, deferral_of
from .errors import BreakerOpen
from .fallback import NOTHING, Invocation, served
from .nesting import Mark
from .protection import Protection, local_decision


class AsyncProtection(Protection):
    """Runs functions and coroutine functions under a breaker."""

    async def run_async(self, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if self._fallback is not None:
            self._fallback.check(args, kwargs, in_async=True)
        cell = self._cell
        running = cell.running
        outer = running.get()
        if outer:
            return await self._run_within_async(outer, function, args, kwargs)
        standing = cell.standing
        decision: Optional[Decision] = None
        began = monotonic()
        if began >= standing.lets_through.until:
            decision = await self._authority.decide_async(cell)
            if not decision.allowed:
                return await self._denied_async(decision, function, args, kwargs)
            began = monotonic()
        mark: Mark = [None]
        try:
            running.set(mark)
            result = await awaitable_of(function(*args, **kwargs), self.name, function)
            if (deferral := deferral_of(type(result))) is not None:
                decision = decision or local_decision(standing, began)
                return self._deferred(decision, mark, result, function, deferral)
        except BaseException as error:
            duration = monotonic() - began
            mark.clear()
            decision = decision or local_decision(standing, began)
            outcome, kind = self.outcome_of(error, decision)
            if outcome == "ignored" and not isinstance(error, Exception):
                # This does not wait: a cancelled task may be cancelled again.
                self.give_back(decision, duration, error)
                raise
            await self._authority.report_async(cell, decision, outcome, kind, duration)
            if outcome == "ignored" or self._fallback is None or not isinstance(error, Exception):
                raise
            instead = await self._fallback.serve_async(Invocation(self.name, function, args, kwargs), error)
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
        return await self._returned_async(decision, result, failure, monotonic() - began, function, args, kwargs)

    async def _run_within_async(
        self, outer: Mark, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        """Runs a call that is part of a running one. The running call judges the exceptions that this one raises."""
        decision = self._cell.decide_within(outer)
        try:
            result = await awaitable_of(function(*args, **kwargs), self.name, function)
            if (deferral := deferral_of(type(result))) is not None:
                return self._deferred(decision, outer, result, function, deferral)
        except BaseException as error:
            outcome, kind = self.outcome_of(error, decision)
            if outcome == "ignored" or self._fallback is None or not isinstance(error, Exception):
                raise
            instead = await self._fallback.serve_async(Invocation(self.name, function, args, kwargs), error)
            if instead is NOTHING:
                raise
            await self._authority.report_async(self._cell, decision, outcome, kind, None)
            return instead
        return await self._returned_async(decision, result, None, None, function, args, kwargs)

    async def _returned_async(
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
            await self._authority.report_async(self._cell, decision, "failure", failure, duration)
            return result
        await self._authority.report_async(self._cell, decision, outcome, kind, duration)
        fallback = self._fallback
        if fallback is None:
            return result
        call = Invocation(self.name, function, args, kwargs)
        served.set(None)
        if outcome == "success":
            if fallback.remembers:
                await fallback.remember_async(call, result)
            return result
        instead = await fallback.serve_async(call, None)
        return result if instead is NOTHING else instead

    async def _denied_async(
        self, decision: Decision, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        error = BreakerOpen(self.name, decision.state, decision.retry_after)
        if self._fallback is None:
            raise error
        instead = await self._fallback.serve_async(Invocation(self.name, function, args, kwargs), error)
        if instead is NOTHING:
            raise error
        return instead
