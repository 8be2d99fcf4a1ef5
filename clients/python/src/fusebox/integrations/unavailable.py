"""The response of a web application if a breaker denies."""

from __future__ import annotations

import math
from typing import Any, Optional

from ..breaker import Breaker
from ..errors import BreakerOpen

#: The status of the response.
STATUS = 503


def seconds_of(error: BreakerOpen) -> Optional[int]:
    """The seconds until it is worth asking again, rounded up, at least 1; ``None`` if unknown."""
    rest = error.retry_after
    return None if rest is None or not math.isfinite(rest) else max(math.ceil(rest), 1)


def body_of(error: BreakerOpen, message: Optional[str] = None) -> dict[str, Any]:
    """The JSON body: ``{"status": "unavailable", "message": …, "retry_after": 30}``."""
    return {
        "status": "unavailable",
        "message": message or f"{error.breaker} is not available at the moment",
        "retry_after": seconds_of(error),
    }


def headers_of(error: BreakerOpen) -> dict[str, str]:
    """The headers: ``Retry-After`` if it is known, and ``Cache-Control``, so that no cache stores the response."""
    seconds = seconds_of(error)
    headers = {"Cache-Control": "no-store"}
    return headers if seconds is None else {"Retry-After": str(seconds), **headers}


def check(breakers: tuple[Breaker, ...]) -> None:
    """Raises the ``BreakerOpen`` that a call of one of these breakers would raise, as far as this process knows.

    It sends no request and takes no probe; the call itself does.
    """
    for breaker in breakers:
        denial = breaker.denial()
        if denial is not None:
            raise denial
