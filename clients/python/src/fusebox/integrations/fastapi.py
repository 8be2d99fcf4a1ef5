"""FastAPI: 503 where a breaker denies, before a route's body runs if it asks for that."""

from __future__ import annotations

import functools
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError, WebSocketRequestValidationError
from starlette.requests import HTTPConnection

from ..breaker import Breaker
from ..calls import Call
from .asgi import Exchanges, answered
from .starlette import install, unavailable
from .unavailable import check

__all__ = ["available", "guarded", "install", "unavailable"]

#: What is no valid request.
_CALLERS = (RequestValidationError, WebSocketRequestValidationError)


def available(*breakers: Breaker) -> Callable[[], Awaitable[None]]:
    """A dependency that denies where a call of one of these breakers would be denied.

    For routes that make protected calls in their body: nothing is begun that could not be finished. It decides by what
    this process knows, asks nobody, and takes no probe from the call.
    """

    async def available_or_503() -> None:
        check(breakers)

    return available_or_503


def guarded(breaker: Breaker) -> Callable[[HTTPConnection], AsyncIterator[Call]]:
    """A dependency that makes the whole route one call of ``breaker``; the route is given the ``Call``.

    The call ends with the answer. One of 500 or above is a failure, raised or returned; the caller's errors (4xx, also
    by an exception's handler, an invalid request, a disconnect) are ignored. Protected calls of the same breaker in the
    body are part of that call.
    """
    _note_answers()

    async def guarded_route(connection: HTTPConnection) -> AsyncIterator[Call]:
        async with answered(breaker, connection.scope, _CALLERS) as call:
            yield call

    return guarded_route


@functools.lru_cache(maxsize=1)
def _note_answers() -> None:
    """Has each application note what it answers: a dependency is not told what its route returns."""
    build = FastAPI.build_middleware_stack

    def build_middleware_stack(app: FastAPI) -> Any:
        return Exchanges(build(app))

    FastAPI.build_middleware_stack = build_middleware_stack  # type: ignore
