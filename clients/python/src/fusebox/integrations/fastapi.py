"""FastAPI: 503 where a breaker denies, before a route's body runs if it asks for that."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable

from starlette.exceptions import HTTPException

from ..breaker import Breaker
from ..calls import Call
from .starlette import install, unavailable
from .unavailable import check

__all__ = ["available", "guarded", "install", "unavailable"]


def available(*breakers: Breaker) -> Callable[[], Awaitable[None]]:
    """A dependency that denies where a call of one of these breakers would be denied.

    For routes that make protected calls in their body: nothing is begun that could not be finished. It decides by what
    this process knows, asks nobody, and takes no probe from the call.
    """

    async def available_or_503() -> None:
        check(breakers)

    return available_or_503


def guarded(breaker: Breaker) -> Callable[[], AsyncIterator[Call]]:
    """A dependency that makes the whole route one call of ``breaker``; the route is given the ``Call``.

    An ``HTTPException`` below 500 is the caller's fault, and ignored. Protected calls of the same breaker in the body
    are part of that call.
    """

    async def guarded_route() -> AsyncIterator[Call]:
        async with Call(breaker) as call:
            try:
                yield call
            except HTTPException as error:
                if error.status_code < 500:
                    call.ignore()
                raise

    return guarded_route
