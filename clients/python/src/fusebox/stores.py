"""Where a cached fallback keeps the last good results."""

from __future__ import annotations

import json
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, NamedTuple, Optional, Protocol, Union, cast

from . import forking


class Cached(NamedTuple):
    """A result, and when it was good, in seconds since 1970."""

    value: Any
    at: float


class Store(Protocol):
    """What a cached fallback needs of a store. May raise whatever it likes: that is taken as not there."""

    @property
    def blocks(self) -> bool:
        """Whether it waits for somebody, so that a coroutine asks it in a thread."""
        ...

    def get(self, key: str) -> Optional[Cached]: ...

    def put(self, key: str, cached: Cached, ttl: float) -> None:
        """Keeps it for at most ``ttl`` seconds."""
        ...


class MemoryStore:
    """In this process: the ``size`` results that were used last, as they are, not copied. Safe across threads."""

    blocks = False

    def __init__(self, size: int = 1024) -> None:
        if size < 1:
            raise ValueError(f"size must be at least 1, not {size}")
        self._size = size
        self._entries: OrderedDict[str, tuple[Cached, float]] = OrderedDict()
        self._lock = threading.Lock()
        forking.register(self)

    def after_fork(self) -> None:
        """In the child: another thread of the parent may have held the lock."""
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
    """What ``redis.Redis`` has."""

    def get(self, name: str) -> Any: ...

    def set(self, name: str, value: bytes, *, px: int) -> Any: ...


class RedisStore:
    """In Redis, shared by all processes.

    Args:
        client: a ``redis.Redis``, best with short time-outs.
        prefix: before each key.
        dumps: makes bytes or text of a result; JSON by default.
        loads: the way back. ``pickle.loads`` runs what the bytes say: only for a Redis that nobody else writes to.
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
