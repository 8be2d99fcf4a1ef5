"""Classes with the names of PyBreaker's storages. They check their arguments, and store nothing."""

from __future__ import annotations

from typing import Any, Optional

from ..logs import log
from .states import STATE_CLOSED


class CircuitBreakerStorage:
    """The base of the storages. A circuit breaker refuses other subclasses of it, because Fusebox keeps the state."""

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
    """Only gives its ``namespace`` as the name of a circuit breaker without a name. It does not connect to Redis."""

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
    """The name that a storage gives its circuit breaker; ``None`` if it gives none.

    Raises:
        TypeError: ``storage`` is not of this module.
    """
    if storage is None:
        return None
    if not isinstance(storage, (CircuitMemoryStorage, CircuitRedisStorage)):
        raise TypeError(f"state_storage cannot be {storage!r}: Fusebox keeps the state, for all processes")
    log.info("a %s storage is not used: Fusebox keeps the state", storage.name)
    return storage.namespace if isinstance(storage, CircuitRedisStorage) else None
