"""Results that are not the end of a call: what is still to be awaited, or to run."""

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
    """Why a result says nothing of its call."""

    #: It is to be awaited.
    AWAITABLE = "awaitable"
    #: It tells its end by itself.
    FUTURE = "future"
    #: It runs later, or never, and piece by piece.
    GENERATOR = "generator"


class UnjudgedResult(FuseboxError, TypeError):
    """A result that does not tell how its call ended. The call counts as nothing."""


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


#: Classes of results with which a call has ended: those that were met first, for a look into a set is the quickest.
PLAIN: set[type[Any]] = set()
_MOST_PLAIN = 1024

#: Of results of a class; ``None`` where the call has ended with them.
deferral_of: Callable[[type[Any]], Optional[Deferral]] = cast(Any, functools.lru_cache(maxsize=1024)(_deferral))


def awaitable_of(result: Any, name: str, function: Callable[..., Any]) -> Awaitable[Any]:
    """
    Raises:
        UnjudgedResult: it cannot be awaited.
    """
    if isinstance(result, CoroutineType) or inspect.isawaitable(result):
        return result
    if isinstance(result, concurrent.futures.Future):
        return asyncio.wrap_future(result)
    raise refuse(result, name, function, "it cannot be awaited, so call() it")


def refuse(result: Any, name: str, function: Callable[..., Any], advice: str) -> UnjudgedResult:
    """The error to raise for a result that cannot be judged, which is closed."""
    inner = getattr(result, "gen", result)  # Of a context manager.
    if isinstance(inner, GeneratorType) or inspect.iscoroutine(inner):
        inner.close()
    what = f"what {getattr(function, '__qualname__', repr(function))} returned, of {type(result).__name__}"
    return UnjudgedResult(f"{name} cannot judge {what}: {advice}")


class Unclaimed:
    """The decision for a call whose end is awaited. It is given back where the awaitable is let go of before that.

    Args:
        leave: gives a decision back from where no lock may be taken.
    """

    def __init__(self, decision: Decision, leave: Callable[[Decision], None]) -> None:
        self._decision: Optional[Decision] = decision
        self._leave = leave

    def claim(self) -> Decision:
        """The decision, for the report that its caller makes."""
        decision, self._decision = self._decision, None
        assert decision is not None, "an awaitable is awaited once"
        return decision

    def __del__(self) -> None:
        if self._decision is not None:
            self._leave(self._decision)
