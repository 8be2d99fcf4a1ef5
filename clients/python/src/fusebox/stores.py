"""Stores in which a cached fallback keeps the last good results."""

from __future__ import annotations

import json
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, NamedTuple, Optional, Protocol, Union, cast

from . import forking


class Cached(NamedTuple):
    """A good result, and the time at which it was stored."""

    value: Any
    #: Seconds since 1970.
    at: float


class Store(Protocol):
    """The methods that a cached fallback needs. If one raises an ``Exception``, the result counts as not stored."""

    @property
    def blocks(self) -> bool:
        """Whether its methods wait, for the network say: a coroutine then calls them in a thread."""
        ...

    def get(self, key: str) -> Optional[Cached]: ...

    def put(self, key: str, cached: Cached, ttl: float) -> None:
        """Keeps ``cached`` for at most ``ttl`` seconds."""
        ...


class MemoryStore:
    """Keeps the ``size`` most recently used results in this process, without copying them. Safe across threads."""

    blocks = False

    def __init__(self, size: int = 1024) -> None:
        if size < 1:
            raise ValueError(f"size must be at least 1, not {size}")
        self._size = size
        self._entries: OrderedDict[str, tuple[Cached, float]] = OrderedDict()
        self._lock = threading.Lock()
        forking.register(self)

    def after_fork(self) -> None:
        """Replaces the lock in the child: another thread of the parent may have held it."""
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, key: str) -> Optional[Cached]:
        with self._lock:
            entry = self._entries.get(key)
            if entry is None:
                return None
            cached, until = entry
            if time.monotonic() >= until:
                del self._entries[key]
                return None
            self._entries.move_to_end(key)
            return cached

    def put(self, key: str, cached: Cached, ttl: float) -> None:
        with self._lock:
            self._entries[key] = (cached, time.monotonic() + ttl)
            self._entries.move_to_end(key)
            while len(self._entries) > self._size:
                self._entries.popitem(last=False)


class RedisClient(Protocol):
    """The methods of ``redis.Redis`` that a store calls."""

    def get(self, name: str) -> Any: ...

    def set(self, name: str, value: bytes, *, px: int) -> Any: ...


class RedisStore:
    """Keeps results in Redis, shared by all processes.

    Args:
        client: a ``redis.Redis``, preferably with short time-outs.
        prefix: the prefix of each key.
        dumps: turns a result into bytes or text; JSON by default.
        loads: turns bytes into a result. ``pickle.loads`` runs code in these bytes: use it only if no other program
            can write to this Redis.
    """

    blocks = True

    def __init__(
        self,
        client: RedisClient,
        prefix: str = "fusebox:cached:",
        dumps: Callable[[Any], Union[str, bytes]] = json.dumps,
        loads: Callable[[bytes], Any] = json.loads,
    ) -> None:
        self._client = client
        self._prefix = prefix
        self._dumps = dumps
        self._loads = loads

    def get(self, key: str) -> Optional[Cached]:
        raw = self._client.get(self._prefix + key)
        if raw is None:
            return None
        text = raw.encode() if isinstance(raw, str) else cast(bytes, raw)
        at, _, value = text.partition(b"\n")
        return Cached(self._loads(value), float(at))

    def put(self, key: str, cached: Cached, ttl: float) -> None:
        value = self._dumps(cached.value)
        text = value.encode() if isinstance(value, str) else value
        self._client.set(self._prefix + key, b"%.3f\n" % cached.at + text, px=max(int(ttl * 1_000), 1))
