"""The ways to make a guarded call: as a function call, a decorator or a block."""

from __future__ import annotations

import functools
import sys
from collections.abc import Awaitable, Callable, Generator, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from time import monotonic
from types import GeneratorType
from typing import TYPE_CHECKING, Any, Optional, cast

from ..decision import Decision
from ..deferred import Deferral, Unclaimed, awaitable_of, deferral_of, refuse
from ..functions import is_coroutine_function
from ..nesting import Mark, Running, is_read
from .course import Course
from .exclusions import Exclusion
from .listeners import CircuitBreakerListener

if TYPE_CHECKING:
    from typing_extensions import ParamSpec, TypeVar

    P = ParamSpec("P")
    T = TypeVar("T")


class Guarding(Course):
    """Guards functions, coroutine functions, generator functions and blocks from beginning to end."""

    def __init__(
        self,
        exclude: Optional[Iterable[Exclusion]],
        listeners: Optional[Iterable[CircuitBreakerListener]],
        throw_new_error_on_trip: bool,
    ) -> None:
        super().__init__(exclude, listeners)
        self.throw_new_error_on_trip = throw_new_error_on_trip

    def call(self, func: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Calls ``func``. If the result is a generator, a coroutine or a future, the call lasts until that ends.

        Guarded calls of the same circuit breaker within ``func`` are part of this call, which counts once.

        Raises:
            CircuitBreakerError: the circuit is open, or this call has opened it.
        """
        if is_coroutine_function(func):
            return cast("T", self.call_async(cast("Any", func), *args, **kwargs))
        decision = self.begin(func, args, kwargs)
        mark = self._cell.begin(decision)
        began = monotonic()
        try:
            result = func(*args, **kwargs)
            if (deferral := deferral_of(type(result))) is not None and not isinstance(result, GeneratorType):
                return cast("T", self._deferred(decision, mark, result, func, deferral))
        except BaseException as error:
            self.failed(decision, mark, error, monotonic() - began)
            raise
        if isinstance(result, GeneratorType):
            return cast("T", self._begun(result, decision, mark, began))
        self.succeeded(decision, mark, monotonic() - began)
        return result

    async def call_async(self, func: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Calls ``func`` and awaits its result, such as a coroutine, or a future of Tornado or asyncio.

        If that result is itself a generator, a coroutine or a future, the call lasts until it ends.
        """
        decision = await self.begin_async(func, args, kwargs)
        mark = self._cell.begin(decision)
        began = monotonic()
        try:
            result = await awaitable_of(func(*args, **kwargs), self.breaker.name, func)
            if (deferral := deferral_of(type(result))) is not None and not isinstance(result, GeneratorType):
                return self._deferred(decision, mark, result, func, deferral)
        except BaseException as error:
            await self.failed_async(decision, mark, error, monotonic() - began)
            raise
        if isinstance(result, GeneratorType):
            return self._begun(result, decision, mark, began)
        await self.succeeded_async(decision, mark, monotonic() - began)
        return result

    def _deferred(
        self, decision: Decision, mark: Mark, result: Any, func: Callable[..., Any], deferral: Deferral
    ) -> Any:
        """Handles a result that does not end its call: an awaitable or a future, whose end is the call's end.

        If the call is part of a running one, the running call judges it.

        Raises:
            UnjudgedResult: the end of the call cannot be observed.
        """
        if deferral is Deferral.GENERATOR:
            raise refuse(result, self.breaker.name, func, "it has not run yet; use calling() in it")
        if decision.within is not None:
            return result
        self._authority.sender.start()
        unclaimed = Unclaimed(decision, self.breaker.leave)
        if deferral is Deferral.FUTURE:
            self._cell.running.set(None)  # A task that has copied the mark keeps it.
            result.add_done_callback(functools.partial(self.done, unclaimed, mark, monotonic()))
            return result
        mark.clear()
        return self._awaited(unclaimed, result, func)

    async def _awaited(self, unclaimed: Unclaimed, awaitable: Awaitable[Any], func: Callable[..., Any]) -> Any:
        decision = unclaimed.claim()
        outer = self._cell.running.get()
        mark = self._cell.begin(decision)
        began = monotonic()
        try:
            result = await awaitable
            if deferral_of(type(result)) is not None:
                raise refuse(result, self.breaker.name, func, "it is not over when it has been awaited")
        except BaseException as error:
            await self.failed_async(decision, mark, error, monotonic() - began)
            raise
        finally:
            self._cell.go_on(mark, outer)
        await self.succeeded_async(decision, mark, monotonic() - began)
        return result

    def calling(self) -> AbstractContextManager[None]:
        """A context manager whose block is a guarded call."""
        return self._calling(is_alone=is_read(sys._getframe(1)))

    @contextmanager
    def _calling(self, *, is_alone: bool) -> Iterator[None]:
        decision = self.begin(self.calling, (), {})
        mark: Mark = [None] if is_alone else self._cell.begin(decision)
        began = monotonic()
        try:
            yield
        except BaseException as error:
            self.failed(decision, mark, error, monotonic() - began)
            raise
        self.succeeded(decision, mark, monotonic() - began)

    def _begun(
        self, generator: GeneratorType[Any, Any, Any], decision: Decision, mark: Mark, began: float
    ) -> Generator[Any, Any, Any]:
        guarded = self._to_the_end(generator, decision, mark, began)
        # A generator that never started runs no code when it is freed, and so would never give its probe back.
        next(guarded)
        return guarded

    def _to_the_end(
        self, generator: GeneratorType[Any, Any, Any], decision: Decision, mark: Mark, began: float
    ) -> Generator[Any, Any, Any]:
        """Guards a generator until its end. The caller skips the first ``yield``, which precedes the generator."""
        running = self._cell.running
        if decision.within is None:
            running.set(None)
        try:
            yield
            result = yield from _marked(generator, running, decision.within or mark)
        except BaseException as error:
            self.failed(decision, mark, error, monotonic() - began)
            raise
        self.succeeded(decision, mark, monotonic() - began)
        return result

    def __call__(self, *call_args: Any, **call_kwargs: Any) -> Callable[..., Any]:
        """Decorates a function. The decorator may be written with or without parentheses."""
        in_async = bool(call_kwargs.pop("__pybreaker_call_async", False))
        if call_kwargs:
            raise TypeError(f"a guarded function does not take the option {next(iter(call_kwargs))!r}")
        if not call_args:
            return functools.partial(self._guarded, in_async)
        (function,) = call_args
        return self._guarded(in_async, function)

    def _guarded(self, in_async: bool, function: Callable[..., Any]) -> Callable[..., Any]:
        if in_async or is_coroutine_function(function):

            @functools.wraps(function)
            async def guarded_async(*args: Any, **kwargs: Any) -> Any:
                return await self.call_async(function, *args, **kwargs)

            return guarded_async

        @functools.wraps(function)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            return self.call(function, *args, **kwargs)

        return guarded


def _marked(generator: GeneratorType[Any, Any, Any], running: Running, mark: Mark) -> Generator[Any, Any, Any]:
    """Does ``yield from generator``, and sets the mark in the reader's context while the generator's own code runs."""
    step: Callable[[Any], Any] = generator.send
    given: Any = None
    while True:
        token = running.set(mark)
        try:
            value = step(given)
        except StopIteration as end:
            return end.value
        finally:
            running.reset(token)
        try:
            step, given = generator.send, (yield value)
        except GeneratorExit:
            generator.close()
            raise
        except BaseException as error:
            step, given = generator.throw, error
