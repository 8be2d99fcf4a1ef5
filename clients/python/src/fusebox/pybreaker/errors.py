"""The exception of a guarded call whose circuit is open."""

from __future__ import annotations

from typing import Optional

from ..errors import BreakerOpen


class CircuitBreakerError(BreakerOpen):
    """The circuit is open, or the failure of this call has opened it.

    It is a ``BreakerOpen``, so that integrations answer 503 with ``Retry-After``.
    """

    def __init__(
        self, message: str = "", breaker: str = "", state: str = "open", retry_after: Optional[float] = None
    ) -> None:
        super().__init__(breaker, state, retry_after)
        self.args = (message,)

    def __reduce__(self) -> tuple[type[CircuitBreakerError], tuple[str, str, str, Optional[float]]]:  # type: ignore[override]
        return type(self), (self.args[0], self.breaker, self.state, self.retry_after)
