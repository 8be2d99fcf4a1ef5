"""Makes protected functions, for decorators."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar, cast

if TYPE_CHECKING:
    from .protection_async import AsyncProtection

F = TypeVar("F", bound="Callable[..., Any]")


def protect(breaker: AsyncProtection, function: F) -> F:
    """A wrapper of ``function`` whose calls are protected; a coroutine function for a coroutine function."""
    if isinstance(function, (staticmethod, classmethod)) or not callable(function):
        raise TypeError(f"{breaker.name} protects functions, not {function!r}; put it below staticmethod and the like")
    if isinstance(function, type):
        raise TypeError(f"{breaker.name} protects functions, not the class {function!r}")
    if _is_generator(function):
        raise TypeError(
            f"{breaker.name} cannot protect the generator function {_name(function)}: a call returns before it runs; "
            "protect the functions that it calls, or use guard() in it"
        )
    in_async = is_coroutine_function(function)
    breaker.check_fallback(function, in_async=in_async)
    if in_async:
        return cast(F, _protect_async(breaker, function))
    return cast(F, _protect_sync(breaker, function))


def _protect_sync(breaker: AsyncProtection, function: Callable[..., Any]) -> Callable[..., Any]:
    run = breaker.run

    @functools.wraps(function)
    def protected(*args: Any, **kwargs: Any) -> Any:
        return run(function, args, kwargs)

    return protected


def _protect_async(breaker: AsyncProtection, function: Callable[..., Any]) -> Callable[..., Any]:
    run = breaker.run_async

    @functools.wraps(function)
    async def protected(*args: Any, **kwargs: Any) -> Any:
        return await run(function, args, kwargs)

    return protected


def check_plain(name: str, function: Callable[..., Any]) -> None:
    """Refuses a function whose call returns before its body has run, and so would count as a success.

    Raises:
        TypeError: ``function`` is a coroutine function or a generator function.
    """
    if is_coroutine_function(function):
        raise TypeError(f"{_name(function)} is a coroutine function: await call_async() of {name} instead")
    if _is_generator(function):
        raise TypeError(f"{name} cannot protect the generator function {_name(function)}")


def check_function(role: str, function: object) -> None:
    """
    Raises:
        TypeError: ``function`` cannot be called, or its result would have to be awaited.
    """
    if not callable(function):
        raise TypeError(f"{role}, not {function!r}")
    if is_coroutine_function(function):
        raise TypeError(f"{role}, not a coroutine function: {_name(function)}")


def is_coroutine_function(function: Callable[..., Any]) -> bool:
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(getattr(function, "__call__", None))


def _is_generator(function: Callable[..., Any]) -> bool:
    return inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function)


def _name(function: Callable[..., Any]) -> str:
    return getattr(function, "__qualname__", repr(function))
