"""Starlette: responds with 503 if a breaker denies."""

from __future__ import annotations

from typing import Optional

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from ..breaker import Breaker
from ..errors import BreakerOpen
from .asgi import GuardedApp
from .unavailable import STATUS, body_of, headers_of

__all__ = ["guarded", "install", "unavailable"]


async def unavailable(request: Request, error: Exception) -> Response:
    """The exception handler, for ``Starlette(exception_handlers={BreakerOpen: unavailable})``."""
    return _answer(error)


def install(app: Starlette, message: Optional[str] = None) -> None:
    """Makes ``app`` respond with 503, ``Retry-After`` and a JSON body to a request that raises ``BreakerOpen``.

    Args:
        message: the message in the body; by default it names the breaker.
    """

    async def handler(request: Request, error: Exception) -> Response:
        return _answer(error, message)

    app.add_exception_handler(BreakerOpen, handler)


def guarded(breaker: Breaker) -> Middleware:
    """Makes a whole route one call of ``breaker``: ``Route("/checkout", checkout, middleware=[guarded(payments)])``.

    The call ends with the response. A response of 500 or above is a failure, raised or returned. The caller's errors
    are ignored: 4xx, also from an exception handler, and a disconnect. Protected calls of the same breaker in the route
    are part of that call.
    """
    return Middleware(GuardedApp, breaker=breaker)


def _answer(error: Exception, message: Optional[str] = None) -> Response:
    if not isinstance(error, BreakerOpen):
        raise error
    return JSONResponse(body_of(error, message), STATUS, headers_of(error))
