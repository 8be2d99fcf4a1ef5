"""FastAPI: responds with 503 if a breaker denies, optionally before the body of a route runs."""

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

#: The exceptions for invalid requests.
_CALLERS = (RequestValidationError, WebSocketRequestValidationError)


def available(*breakers: Breaker) -> Callable[[], Awaitable[None]]:
    """A dependency that raises ``BreakerOpen`` if one of these breakers would deny a call.

    It is for routes whose body makes protected calls, so that the body does not begin work that it cannot finish. It
    decides by the state that this process knows, sends no request, and takes no probe from the call.
    """

    async def available_or_503() -> None:
        check(breakers)

    return available_or_503


def guarded(breaker: Breaker) -> Callable[[HTTPConnection], AsyncIterator[Call]]:
    """A dependency that makes the whole route one call of ``breaker``. The route receives the ``Call``.

    The call ends with the response. A response of 500 or above is a failure, raised or returned. The caller's errors
    are ignored: 4xx, also from an exception handler, an invalid request, and a disconnect. Protected calls of the same
    breaker in the body are part of that call.
    """
    _note_answers()

    async def guarded_route(connection: HTTPConnection) -> AsyncIterator[Call]:
        async with answered(breaker, connection.scope, _CALLERS) as call:
            yield call

    return guarded_route


@functools.lru_cache(maxsize=1)
def _note_answers() -> None:
    """Makes each application record its responses, because a dependency cannot see what its route returns."""
    build = FastAPI.build_middleware_stack

    def build_middleware_stack(app: FastAPI) -> Any:
        return Exchanges(build(app))

    FastAPI.build_middleware_stack = build_middleware_stack  # type: ignore
