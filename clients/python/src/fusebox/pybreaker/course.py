"""The course of a guarded call: it is admitted or denied, and its outcome is reported."""

from __future__ import annotations

import concurrent.futures
import threading
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future
from time import monotonic
from typing import TYPE_CHECKING, Any, Optional, cast

from ..answers import said
from ..decision import Decision, Outcome, State
from ..deferred import Unclaimed
from ..kinds import kind_of
from ..nesting import Mark
from ..threads import until_done
from .errors import CircuitBreakerError
from .exclusions import Exclusion, Exclusions, ends_from_outside
from .listeners import CircuitBreakerListener

if TYPE_CHECKING:
    from ..authority import Authority
    from ..breaker import Breaker
    from ..cell import Cell
    from .breaker import CircuitBreaker
    from .settings import Numbers
    from .states import Watch

Answer = Optional[Mapping[str, Any]]


class Course(Exclusions):
    """Admits guarded calls, reports their outcomes, and calls the listeners.

    A failed call and a probe wait for the server's answer to their outcome. So the call that opens the circuit can
    raise ``CircuitBreakerError``. The success of any other call is sent later.
    """

    breaker: Breaker
    throw_new_error_on_trip: bool
    _authority: Authority
    _cell: Cell
    _numbers: Numbers
    _watch: Watch

    def __init__(
        self, exclude: Optional[Iterable[Exclusion]], listeners: Optional[Iterable[CircuitBreakerListener]]
    ) -> None:
        super().__init__(exclude)
        self._cb = cast("CircuitBreaker", self)
        self._listeners = tuple(listeners or ())
        self._telling = threading.local()

    @property
    def listeners(self) -> tuple[CircuitBreakerListener, ...]:
        return self._listeners

    def add_listener(self, listener: CircuitBreakerListener) -> None:
        self._listeners = (*self._listeners, listener)

    def add_listeners(self, *listeners: CircuitBreakerListener) -> None:
        self._listeners = (*self._listeners, *listeners)

    def remove_listener(self, listener: CircuitBreakerListener) -> None:
        """
        Raises:
            ValueError: ``listener`` is not one of the listeners.
        """
        rest = list(self._listeners)
        rest.remove(listener)
        self._listeners = tuple(rest)

    def begin(self, func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Decision:
        if self._numbers.is_due:
            self._numbers.settle()
        return self._admitted(self.breaker.acquire(), func, args, kwargs)

    async def begin_async(self, func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Decision:
        if self._numbers.is_due:
            await self._authority.threads.run(self._numbers.settle, abandoned=lambda settled: None)
        return self._admitted(await self.breaker.acquire_async(), func, args, kwargs)

    def _admitted(
        self, decision: Decision, func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Decision:
        try:
            if decision.source != "local" or self._watch.is_behind:
                self._watch.hear(decision.state, decision.generation, waits=False)
            if not decision.allowed:
                message = "Timeout not elapsed yet, circuit breaker still open"
                raise CircuitBreakerError(message, self.breaker.name, decision.state, decision.retry_after)
            for listener in self._listeners:
                listener.before_call(self._cb, func, *args, **kwargs)
        except BaseException:
            self.breaker.give_back(decision)
            raise
        return decision

    def succeeded(self, decision: Decision, mark: Mark, duration: float) -> None:
        outcome, failure = _ended(mark)
        if decision.is_probe:
            self._learn(decision, self._answer(decision, self._told(decision, outcome, failure, duration)))
        else:
            self.breaker.report(outcome, decision, kind=failure, duration=duration)
        self._tell_success()

    async def succeeded_async(self, decision: Decision, mark: Mark, duration: float) -> None:
        outcome, failure = _ended(mark)
        if decision.is_probe:
            answer = await self._answer_async(decision, self._told(decision, outcome, failure, duration))
            self._learn(decision, answer, waits=False)
        else:
            await self.breaker.report_async(outcome, decision, kind=failure, duration=duration)
        self._tell_success()

    def _tell_success(self) -> None:
        for listener in self._listeners:
            listener.success(self._cb)

    def failed(self, decision: Decision, mark: Mark, error: BaseException, duration: float) -> None:
        """Reports the exception of a call. The caller raises it again if this raises nothing.

        Raises:
            CircuitBreakerError: the call has opened the circuit.
        """
        if ends_from_outside(error):
            mark.clear()
            self.breaker.give_back(decision, duration, error)
        elif self._is_failure(decision, mark, error):
            answer = self._answer(decision, self._told_failure(decision, mark, error, duration))
            self._trip(decision, error, self._learn(decision, answer))
        else:
            self.succeeded(decision, mark, duration)

    async def failed_async(self, decision: Decision, mark: Mark, error: BaseException, duration: float) -> None:
        if ends_from_outside(error):
            mark.clear()
            # This does not wait: a cancelled task may be cancelled again.
            self.breaker.give_back(decision, duration, error)
        elif self._is_failure(decision, mark, error):
            answer = await self._answer_async(decision, self._told_failure(decision, mark, error, duration))
            self._trip(decision, error, self._learn(decision, answer, waits=False))
        else:
            await self.succeeded_async(decision, mark, duration)

    def done(self, unclaimed: Unclaimed, mark: Mark, began: float, future: Any) -> None:
        """Reports the end of a future without waiting. It may run in any thread."""
        decision, duration = unclaimed.claim(), monotonic() - began
        error = None if future.cancelled() else future.exception()
        if future.cancelled() or (error is not None and ends_from_outside(error)):
            mark.clear()
            self.breaker.give_back(decision, duration)
        elif error is not None and self._is_failure(decision, mark, error):
            for listener in self._listeners:
                listener.failure(self._cb, error)
            mark.clear()
            self._authority.post(self._cell, decision, "failure", kind_of(self.fault_in(error)), duration)
        else:
            outcome, failure = _ended(mark)
            self._authority.post(self._cell, decision, outcome, failure, duration)
            self._tell_success()

    def _is_failure(self, decision: Decision, mark: Mark, error: BaseException) -> bool:
        try:
            return self.is_system_error(error)
        except BaseException:
            mark.clear()
            self.breaker.give_back(decision)
            raise

    def _told_failure(self, decision: Decision, mark: Mark, error: BaseException, duration: float) -> Future[Answer]:
        """Calls the listeners, and then reports the failure. Guarded calls in a listener are part of the call."""
        count = 0 if decision.within else 1
        self._telling.failures = self._failures_being_told + count
        try:
            for listener in self._listeners:
                listener.failure(self._cb, error)
        finally:
            self._telling.failures -= count
            mark.clear()
            answer = self._told(decision, "failure", kind_of(self.fault_in(error)), duration)
        return answer

    @property
    def _failures_being_told(self) -> int:
        """The failures of this thread that its listeners receive at the moment, and that are not reported yet.

        Listeners are called before the report, so that they receive a failure before the change of state it causes.
        """
        failures: int = getattr(self._telling, "failures", 0)
        return failures

    def _told(self, decision: Decision, outcome: Outcome, kind: Optional[str], duration: float) -> Future[Answer]:
        if decision.within:
            # The running call judges the exception that this one raises, and its mark has any other failure.
            nothing: Future[Answer] = Future()
            nothing.set_result(None)
            return nothing
        return self._authority.report_for_answer(self._cell, decision, outcome, kind, duration)

    def _answer(self, decision: Decision, answer: Future[Answer]) -> Answer:
        """The server's answer to an outcome; ``None`` if it does not arrive within the time for such a decision.

        It is ``None`` too for a decision of this process alone.
        """
        if _is_by_this_process(decision):
            return None
        try:
            return answer.result(self._within(decision))
        except concurrent.futures.TimeoutError:
            return None

    async def _answer_async(self, decision: Decision, answer: Future[Answer]) -> Answer:
        if _is_by_this_process(decision):
            return None
        return answer.result() if await until_done(answer, self._within(decision)) else None

    def _within(self, decision: Decision) -> float:
        settings = self._authority.settings
        return settings.patience if decision.is_probe else settings.timeout

    def _learn(self, decision: Decision, answer: Answer, *, waits: bool = True) -> Optional[State]:
        """The state after a report that counted; ``None`` if it did not count, or if there is no answer.

        Calls the listeners if the state has changed. With ``waits`` it also waits for another thread that does so.
        """
        if decision.ticket is not None:
            return decision.ticket.stand_in.state
        news = None if answer is None or not answer.get("applied") else said(answer, decision.permit)
        if news is None:
            return None
        if news.generation is not None:
            self._watch.hear(news.state, news.generation, waits=waits)
        return news.state

    def _trip(self, decision: Decision, error: BaseException, state: Optional[State]) -> None:
        if state != "open" or decision.state == "open" or not self.throw_new_error_on_trip:
            return
        reason = "Trial call failed" if decision.state == "half_open" else "Failures threshold reached"
        raise CircuitBreakerError(
            f"{reason}, circuit breaker opened", self.breaker.name, "open", self._time_out()
        ) from error

    def _time_out(self) -> Optional[float]:
        """The seconds for which the circuit is open after this call has opened it; ``None`` if unknown.

        With a multiplier the time depends on earlier openings, and only the panel may know it.
        """
        policy = self._numbers.policy
        if policy.recovery_timeout_multiplier == 1:
            return policy.recovery_timeout_ms / 1_000
        denial = self.breaker.denial()
        return None if denial is None else denial.retry_after


def _ended(mark: Mark) -> tuple[Outcome, Optional[str]]:
    """The outcome of a call that raised no failure: a failure if a call within it failed and the call handled that."""
    failure = mark.pop()
    return ("success", None) if failure is None else ("failure", failure)


def _is_by_this_process(decision: Decision) -> bool:
    """Whether the stand-in of this process made the decision or took part in it, so that Fusebox may not answer."""
    return decision.source == "fallback" or decision.ticket is not None
