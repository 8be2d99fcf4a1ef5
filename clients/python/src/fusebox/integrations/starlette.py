"""Starlette: 503 where a breaker denies."""

from __future__ import annotations

from typing import Optional

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from ..errors import BreakerOpen
from .unavailable import STATUS, body_of, headers_of

__all__ = ["install", "unavailable"]


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


def _answer(error: Exception, message: Optional[str] = None) -> Response:
    if not isinstance(error, BreakerOpen):
        raise error
    return JSONResponse(body_of(error, message), STATUS, headers_of(error))
