"""A replacement for PyBreaker whose breakers all processes share: ``from fusebox import pybreaker``.

The breakers belong to the server at ``FUSEBOX_URL``, with the token ``FUSEBOX_TOKEN``, or to the argument of ``use``.
"""

from ..default import use
from ..orders import OrderFailed
from .breaker import CircuitBreaker
from .errors import CircuitBreakerError
from .listeners import CircuitBreakerListener
from .states import (
    STATE_CLOSED,
    STATE_HALF_OPEN,
    STATE_OPEN,
    CircuitBreakerState,
    CircuitClosedState,
    CircuitHalfOpenState,
    CircuitOpenState,
)
from .storages import CircuitBreakerStorage, CircuitMemoryStorage, CircuitRedisStorage

__all__ = [
    "STATE_CLOSED",
    "STATE_HALF_OPEN",
    "STATE_OPEN",
    "CircuitBreaker",
    "CircuitBreakerError",
    "CircuitBreakerListener",
    "CircuitBreakerState",
    "CircuitBreakerStorage",
    "CircuitClosedState",
    "CircuitHalfOpenState",
    "CircuitMemoryStorage",
    "CircuitOpenState",
    "CircuitRedisStorage",
    "OrderFailed",
    "use",
]
