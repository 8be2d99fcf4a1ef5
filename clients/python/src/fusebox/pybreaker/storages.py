"""PyBreaker's storages, by name: what they were given is looked at, and nothing is stored in them."""

from __future__ import annotations

import logging
from typing import Any, Optional

from .states import STATE_CLOSED

log = logging.getLogger("fusebox")


class CircuitBreakerStorage:
    """The base of PyBreaker's storages; one of a shop's own is refused, for Fusebox keeps the state."""

    def __init__(self, name: str) -> None:
        self._name = name

    @property
    def name(self) -> str:
        return self._name


class CircuitMemoryStorage(CircuitBreakerStorage):
    def __init__(self, state: str = STATE_CLOSED) -> None:
        super().__init__("memory")
        _check(state)


class CircuitRedisStorage(CircuitBreakerStorage):
    """``namespace`` is the name of a breaker that has no other; Redis is not asked."""

    def __init__(
        self,
        state: str = STATE_CLOSED,
        redis_object: Any = None,
        namespace: Optional[str] = None,
        fallback_circuit_state: str = STATE_CLOSED,
        cluster_mode: bool = False,
    ) -> None:
        super().__init__("redis")
        _check(state)
        self.namespace = namespace


def _check(state: str) -> None:
    if state != STATE_CLOSED:
        raise ValueError(f"state must be {STATE_CLOSED!r}, not {state!r}: Fusebox keeps the state; open() sets it")


def namespace_of(storage: Optional[CircuitBreakerStorage]) -> Optional[str]:
    """The name that a storage gives its breaker."""
    if storage is None:
        return None
    if not isinstance(storage, (CircuitMemoryStorage, CircuitRedisStorage)):
        raise TypeError(f"state_storage cannot be {storage!r}: Fusebox keeps the state, for all processes")
    log.info("a %s storage is not used: Fusebox keeps the state", storage.name)
    return storage.namespace if isinstance(storage, CircuitRedisStorage) else None
