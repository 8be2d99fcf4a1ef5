"""In the place of PyBreaker: ``from fusebox import pybreaker``, and all processes share each breaker.

Breakers belong to the Fusebox that ``FUSEBOX_URL`` and ``FUSEBOX_TOKEN`` name, or that ``use`` was given.
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
