"""A fallback that serves the last good result."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any, Optional

from .arity import Arity
from .fallback import NOTHING, Fallback, Invocation, Served, fallback_of, served
from .functions import check_function
from .logs import log
from .stores import Cached, Store

#: Seconds between two warnings about a store that fails.
SILENCE = 60.0

_PLAIN = (str, bytes, int, float, bool, type(None))


class CachedFallback(Fallback):
    """Remembers each good result, and serves it while the breaker denies or the call fails.

    Args:
        store: a ``MemoryStore``, a ``RedisStore``, or another ``Store``.
        ttl: seconds for which a result may be served.
        key: a function of the call's arguments that returns the key of its result. Calls with equal keys share a
            result, so a key must contain everything that makes a difference, such as a user's id. Without ``key`` the
            arguments must be ``str``, ``bytes``, ``int``, ``float``, ``bool`` or ``None``, and the function must be
            defined in a module: no lambda, no function made within another, and no method of an object.
        otherwise: the fallback if no result is remembered: a value, a function, or another fallback.

    If the store raises, the call counts as one without a remembered result. A warning is logged, at most once a minute.
    """

    remembers = True

    def __init__(
        self,
        store: Store,
        ttl: float = 3600.0,
        key: Optional[Callable[..., str]] = None,
        otherwise: Any = NOTHING,
    ) -> None:
        if not ttl > 0:
            raise ValueError(f"ttl must be more than 0 seconds, not {ttl!r}")
        if key is not None:
            check_function("key must be a function of the call's arguments", key)
        self._store = store
        self._ttl = ttl
        self._key = key
        self._arity = None if key is None else Arity(key, "key")
        self._otherwise = fallback_of(otherwise)
        #: No warning is logged before this instant of ``time.monotonic()``.
        self._silent_until = float("-inf")

    def check_function(self, function: Callable[..., Any], *, in_async: bool) -> None:
        if self._arity is not None:
            self._arity.check_all(function)
        if self._otherwise is not None:
            self._otherwise.check_function(function, in_async=in_async)

    def check(self, args: tuple[Any, ...], kwargs: Mapping[str, Any], *, in_async: bool) -> None:
        if self._arity is not None:
            self._arity.check(args, kwargs)
        if self._otherwise is not None:
            self._otherwise.check(args, kwargs, in_async=in_async)

    def remember(self, call: Invocation, result: Any) -> None:
        self._put(self._key_of(call), result)

    async def remember_async(self, call: Invocation, result: Any) -> None:
        key = self._key_of(call)
        if self._store.blocks:
            await asyncio.get_running_loop().run_in_executor(None, self._put, key, result)
        else:
            self._put(key, result)

    def serve(self, call: Invocation, error: Optional[BaseException]) -> Any:
        cached = self._get(self._key_of(call))
        if cached is None:
            return NOTHING if self._otherwise is None else self._otherwise.serve(call, error)
        return _serve(cached, error)

    async def serve_async(self, call: Invocation, error: Optional[BaseException]) -> Any:
        key = self._key_of(call)
        if self._store.blocks:
            cached = await asyncio.get_running_loop().run_in_executor(None, self._get, key)
        else:
            cached = self._get(key)
        if cached is None:
            return NOTHING if self._otherwise is None else await self._otherwise.serve_async(call, error)
        return _serve(cached, error)

    def _key_of(self, call: Invocation) -> str:
        key = self._key(*call.args, **call.kwargs) if self._key is not None else _plain_key(call)
        return f"{call.breaker}:{_name_of(call.function)}:{key}"

    def _put(self, key: str, result: Any) -> None:
        try:
            self._store.put(key, Cached(result, time.time()), self._ttl)
        except Exception as error:
            self._fails(error)

    def _get(self, key: str) -> Optional[Cached]:
        try:
            return self._store.get(key)
        except Exception as error:
            self._fails(error)
            return None

    def _fails(self, error: Exception) -> None:
        now = time.monotonic()
        if now >= self._silent_until:
            self._silent_until = now + SILENCE
            log.warning("the store of last good results fails: %s", repr(error))


def _serve(cached: Cached, error: Optional[BaseException]) -> Any:
    served.set(Served("cache", max(time.time() - cached.at, 0.0), error))
    return cached.value


def _plain_key(call: Invocation) -> str:
    if not _is_told_by_its_name(call.function):
        raise TypeError(
            f"CachedFallback of {call.breaker} needs key=, because {_name_of(call.function)} may depend on more than"
            " its arguments"
        )
    arguments = [*enumerate(call.args), *sorted(call.kwargs.items())]
    for place, argument in arguments:
        if not isinstance(argument, _PLAIN):
            raise TypeError(
                f"CachedFallback of {call.breaker} needs key=, because argument {place} is a {type(argument).__name__}"
            )
    return ", ".join(f"{place}={argument!r}" for place, argument in arguments)


def _is_told_by_its_name(function: Callable[..., Any]) -> bool:
    """Whether the name of ``function`` determines its results: it is defined in a module, and is no object's method."""
    name = getattr(function, "__qualname__", None)
    owner = getattr(function, "__self__", None)
    has_owner = owner is not None and not isinstance(owner, ModuleType)
    # A function made within another may hold a value of that call, in a closure or in a default.
    is_made_anew = name is None or "<" in name or bool(getattr(function, "__closure__", None))
    return not has_owner and not is_made_anew


def _name_of(function: Callable[..., Any]) -> str:
    named = function if hasattr(function, "__qualname__") else type(function)
    return f"{getattr(named, '__module__', None)}.{named.__qualname__}"
