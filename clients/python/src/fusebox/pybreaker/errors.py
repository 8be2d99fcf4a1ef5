"""What a guarded call raises where the circuit is open."""

from __future__ import annotations

from typing import Optional

from ..errors import BreakerOpen


class CircuitBreakerError(BreakerOpen):
    """The circuit is open, or the call that failed has opened it. Also a ``BreakerOpen``, so that integrations answer
    503 with the time to come again."""

    def __init__(
        self, message: str = "", breaker: str = "", state: str = "open", retry_after: Optional[float] = None
    ) -> None:
        super().__init__(breaker, state, retry_after)
        self.args = (message,)

    def __reduce__(self) -> tuple[type[CircuitBreakerError], tuple[str, str, str, Optional[float]]]:  # type: ignore[override]
        return type(self), (self.args[0], self.breaker, self.state, self.retry_after)
