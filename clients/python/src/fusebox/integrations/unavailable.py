"""What a web application answers where a breaker denies."""

from __future__ import annotations

import math
from typing import Any, Optional

from ..breaker import Breaker
from ..errors import BreakerOpen

#: The status of the answer.
STATUS = 503


def seconds_of(error: BreakerOpen) -> Optional[int]:
    """Whole seconds until it is worth asking again, rounded up; ``None`` where nothing says."""
    rest = error.retry_after
    return None if rest is None or not math.isfinite(rest) else max(math.ceil(rest), 1)


def body_of(error: BreakerOpen, message: Optional[str] = None) -> dict[str, Any]:
    """``{"status": "unavailable", "message": …, "retry_after": 30}``."""
    return {
        "status": "unavailable",
        "message": message or f"{error.breaker} is not available at the moment",
        "retry_after": seconds_of(error),
    }


def headers_of(error: BreakerOpen) -> dict[str, str]:
    """``Retry-After``, and that nobody may keep the answer for others."""
    seconds = seconds_of(error)
    headers = {"Cache-Control": "no-store"}
    return headers if seconds is None else {"Retry-After": str(seconds), **headers}


def check(breakers: tuple[Breaker, ...]) -> None:
    """Raises the denial that a call of one of these would meet, as far as this process knows. Asks nobody, and takes no
    probe: that is for the call itself."""
    for breaker in breakers:
        denial = breaker.denial()
        if denial is not None:
            raise denial
