"""Results for protected calls that the breaker denies or that fail."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from typing import Any, Literal, NamedTuple, Optional, Union

from .arity import Arity
from .functions import is_coroutine_function

#: Means "no fallback", or "the fallback has no result". ``None`` cannot mean that: it is a valid result.
NOTHING: Any = object()


class Served(NamedTuple):
    """The source of a result that a fallback gave in place of the call."""

    source: Literal["cache", "fallback"]
    #: Seconds since the call returned it; ``None`` if it is not from a cache.
    age: Optional[float]
    #: The reason: ``BreakerOpen`` or the call's exception; ``None`` if the call returned a result that is a failure.
    error: Optional[BaseException]


served: ContextVar[Optional[Served]] = ContextVar("fusebox_served", default=None)


class Invocation(NamedTuple):
    """A call that a fallback replaces, or whose result it remembers."""

    breaker: str
    function: Callable[..., Any]
    args: tuple[Any, ...]
    kwargs: dict[str, Any]


class Fallback:
    """The base of all fallbacks. ``serve`` of a subclass returns a result, or ``NOTHING``."""

    #: Whether ``remember`` is to be called with each good result.
    remembers = False

    def check_function(self, function: Callable[..., Any], *, in_async: bool) -> None:
        """
        Raises:
            TypeError: this fallback cannot replace every call of ``function``.
        """

    def check(self, args: tuple[Any, ...], kwargs: Mapping[str, Any], *, in_async: bool) -> None:
        """
        Raises:
            TypeError: this fallback cannot replace a call with these arguments.
        """

    def serve(self, call: Invocation, error: Optional[BaseException]) -> Any:
        raise NotImplementedError

    async def serve_async(self, call: Invocation, error: Optional[BaseException]) -> Any:
        return self.serve(call, error)

    def remember(self, call: Invocation, result: Any) -> None:
        """Takes a good result."""

    async def remember_async(self, call: Invocation, result: Any) -> None:
        self.remember(call, result)


class ValueFallback(Fallback):
    """Always returns the same value."""

    def __init__(self, value: Any) -> None:
        self._value = value

    def serve(self, call: Invocation, error: Optional[BaseException]) -> Any:
        served.set(Served("fallback", None, error))
        return self._value


class FunctionFallback(Fallback):
    """Returns the result of a function of the call's arguments, and of ``error``, if it has such a parameter."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self._function = function
        self._is_async = is_coroutine_function(function)
        self._arity = Arity(function, "fallback")

    def check_function(self, function: Callable[..., Any], *, in_async: bool) -> None:
        self._check_async(in_async)
        self._arity.check_all(function)

    def check(self, args: tuple[Any, ...], kwargs: Mapping[str, Any], *, in_async: bool) -> None:
        self._check_async(in_async)
        self._arity.check(args, kwargs)

    def _check_async(self, in_async: bool) -> None:
        if self._is_async and not in_async:
            raise TypeError(f"{self._function!r} is a coroutine function, which a call that is not async cannot use")

    def serve(self, call: Invocation, error: Optional[BaseException]) -> Any:
        result = self._call(call, error)
        served.set(Served("fallback", None, error))
        return result

    async def serve_async(self, call: Invocation, error: Optional[BaseException]) -> Any:
        result = self._call(call, error)
        if inspect.isawaitable(result):
            result = await result
        served.set(Served("fallback", None, error))
        return result

    def _call(self, call: Invocation, error: Optional[BaseException]) -> Any:
        if self._arity.has_error:
            return self._function(*call.args, **call.kwargs, error=error)
        return self._function(*call.args, **call.kwargs)


def fallback_of(option: Union[Fallback, Callable[..., Any], Any]) -> Optional[Fallback]:
    """The fallback for the option ``fallback=``: ``NOTHING``, a ``Fallback``, a function, or a value."""
    if option is NOTHING:
        return None
    if isinstance(option, Fallback):
        return option
    return FunctionFallback(option) if callable(option) else ValueFallback(option)
