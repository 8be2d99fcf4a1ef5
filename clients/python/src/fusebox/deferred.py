"""Results that do not end their calls: awaitables, futures and generators."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import functools
import inspect
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from enum import Enum
from types import CoroutineType, GeneratorType
from typing import Any, Optional, cast

from .decision import Decision
from .errors import FuseboxError


class Deferral(Enum):
    """The reason why a result does not end its call."""

    #: The call ends when the result has been awaited.
    AWAITABLE = "awaitable"
    #: The call ends when the future is done; a callback reports that.
    FUTURE = "future"
    #: The code runs later, step by step, or never.
    GENERATOR = "generator"


class UnjudgedResult(FuseboxError, TypeError):
    """The result does not show how its call ended. The call counts as ``ignored``."""


def _deferral(kind: type[Any]) -> Optional[Deferral]:
    if issubclass(kind, concurrent.futures.Future) or hasattr(kind, "_asyncio_future_blocking"):
        return Deferral.FUTURE
    if hasattr(kind, "__await__"):
        return Deferral.AWAITABLE
    managers = (contextlib._GeneratorContextManager, contextlib._AsyncGeneratorContextManager)
    if issubclass(kind, (Generator, AsyncGenerator, *managers)):
        return Deferral.GENERATOR
    if len(PLAIN) < _MOST_PLAIN:
        PLAIN.add(kind)
    return None


#: Classes of results that end their calls: the first ones seen, because a lookup in a set is the fastest test.
PLAIN: set[type[Any]] = set()
_MOST_PLAIN = 1024

#: The deferral of results of a class; ``None`` if such a result ends its call.
deferral_of: Callable[[type[Any]], Optional[Deferral]] = cast(Any, functools.lru_cache(maxsize=1024)(_deferral))


def awaitable_of(result: Any, name: str, function: Callable[..., Any]) -> Awaitable[Any]:
    """
    Raises:
        UnjudgedResult: ``result`` cannot be awaited.
    """
    if isinstance(result, CoroutineType) or inspect.isawaitable(result):
        return result
    if isinstance(result, concurrent.futures.Future):
        return asyncio.wrap_future(result)
    raise refuse(result, name, function, "it cannot be awaited, so call() it")


def refuse(result: Any, name: str, function: Callable[..., Any], advice: str) -> UnjudgedResult:
    """The error to raise for a result that cannot be judged. Closes the result if it is a generator or a coroutine."""
    inner = getattr(result, "gen", result)  # A context manager of contextlib holds a generator.
    if isinstance(inner, GeneratorType) or inspect.iscoroutine(inner):
        inner.close()
    what = f"what {getattr(function, '__qualname__', repr(function))} returned, of {type(result).__name__}"
    return UnjudgedResult(f"{name} cannot judge {what}: {advice}")


class Unclaimed:
    """The decision of a call whose result is still to be awaited, or still to be done.

    If it is freed before ``claim``, the decision is given back.

    Args:
        leave: gives a decision back without taking a lock.
    """

    def __init__(self, decision: Decision, leave: Callable[[Decision], None]) -> None:
        self._decision: Optional[Decision] = decision
        self._leave = leave

    def claim(self) -> Decision:
        """Returns the decision; its caller has to report the outcome."""
        decision, self._decision = self._decision, None
        assert decision is not None, "an awaitable is awaited once"
        return decision

    def __del__(self) -> None:
        if self._decision is not None:
            self._leave(self._decision)
