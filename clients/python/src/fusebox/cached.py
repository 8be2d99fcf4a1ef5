"""A fallback that serves the last good result."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from typing import Any, Optional

from .fallback import NOTHING, Fallback, Invocation, Served, fallback_of, served
from .stores import Cached, Store

log = logging.getLogger("fusebox")

_PLAIN = (str, bytes, int, float, bool, type(None))


class CachedFallback(Fallback):
    """Remembers each good result, and serves it while the breaker denies or the call fails.

    Args:
        store: a ``MemoryStore``, a ``RedisStore``, or what is like them.
        ttl: seconds for which a result is good enough.
        key: makes of the call's arguments the key of its result. Without it they have to be text, numbers and the like.
            Results of equal keys are taken for one another: whatever makes a difference, a user's id say, has to be in.
        otherwise: what to give where nothing is remembered: a value, a function, or another fallback.

    A store that fails is logged, and is as one that has nothing.
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
        self._store = store
        self._ttl = ttl
        self._key = key
        self._otherwise = fallback_of(otherwise)
        self._is_failing = False

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
        return f"{call.breaker}:{key}"

    def _put(self, key: str, result: Any) -> None:
        try:
            self._store.put(key, Cached(result, time.time()), self._ttl)
        except Exception as error:
            self._fails(error)
        else:
            self._is_failing = False

    def _get(self, key: str) -> Optional[Cached]:
        try:
            return self._store.get(key)
        except Exception as error:
            self._fails(error)
            return None

    def _fails(self, error: Exception) -> None:
        if not self._is_failing:
            log.warning("the store of last good results fails: %r", error)
        self._is_failing = True


def _serve(cached: Cached, error: Optional[BaseException]) -> Any:
    served.set(Served("cache", max(time.time() - cached.at, 0.0), error))
    return cached.value


def _plain_key(call: Invocation) -> str:
    arguments = [*enumerate(call.args), *sorted(call.kwargs.items())]
    for place, argument in arguments:
        if not isinstance(argument, _PLAIN):
            raise TypeError(
                f"CachedFallback of {call.breaker} needs key=, for argument {place} is a {type(argument).__name__}"
            )
    function = getattr(call.function, "__qualname__", repr(call.function))
    return f"{function}({', '.join(f'{place}={argument!r}' for place, argument in arguments)})"
