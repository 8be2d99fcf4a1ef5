"""Starlette: 503 where a breaker denies."""

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
    """An exception handler: ``Starlette(exception_handlers={BreakerOpen: unavailable})``."""
    return _answer(error)


def install(app: Starlette, message: Optional[str] = None) -> None:
    """Has ``app`` answer 503 to what ends in ``BreakerOpen``, with ``Retry-After`` and a JSON body.

    Args:
        message: what the body says to the client; by default which breaker it is.
    """

    async def handler(request: Request, error: Exception) -> Response:
        return _answer(error, message)

    app.add_exception_handler(BreakerOpen, handler)


def guarded(breaker: Breaker) -> Middleware:
    """``Route("/checkout", checkout, middleware=[guarded(payments)])``: the whole route is one call of ``breaker``.

    The call ends with the answer. One of 500 or above is a failure, raised or returned; the caller's errors (4xx, also
    by an exception's handler, a disconnect) are ignored. Protected calls of the same breaker in the route are part of
    that call.
    """
    return Middleware(GuardedApp, breaker=breaker)


def _answer(error: Exception, message: Optional[str] = None) -> Response:
    if not isinstance(error, BreakerOpen):
        raise error
    return JSONResponse(body_of(error, message), STATUS, headers_of(error))
