"""Listeners to a circuit breaker."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Optional

if TYPE_CHECKING:
    from .breaker import CircuitBreaker
    from .states import CircuitBreakerState


class CircuitBreakerListener:
    """The base of listeners. A subclass overrides the methods that it needs."""

    def before_call(self, cb: CircuitBreaker, func: Callable[..., Any], *args: Any, **kwargs: Any) -> None:
        """``cb`` is about to call ``func``."""

    def failure(self, cb: CircuitBreaker, exc: BaseException) -> None:
        """A call failed with ``exc``."""

    def success(self, cb: CircuitBreaker) -> None:
        """A call succeeded."""

    def state_change(
        self, cb: CircuitBreaker, old_state: Optional[CircuitBreakerState], new_state: CircuitBreakerState
    ) -> None:
        """The state has changed, by any process. The thread that receives the change calls this."""
