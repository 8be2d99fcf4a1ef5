"""Ends calls with the responses of an ASGI application."""

from __future__ import annotations

from collections.abc import AsyncIterator, MutableMapping
from contextlib import asynccontextmanager
from typing import Any, Optional

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.websockets import WebSocketDisconnect

from ..breaker import Breaker
from ..calls import Call
from .answering import Answering

Scope = MutableMapping[str, Any]

_KEY = "fusebox.exchange"
_BODIES = ("http.response.body", "http.response.zerocopysend")


class Exchange:
    """A request and its response."""

    def __init__(self) -> None:
        self._status: Optional[int] = None
        self._is_complete = self._has_left = False
        self._open: list[Answering] = []

    @staticmethod
    def of(scope: Scope) -> Optional[Exchange]:
        """The exchange of a request; ``None`` for a WebSocket, and if no ``Exchanges`` wraps the application."""
        exchange = scope.get(_KEY)
        return exchange if isinstance(exchange, Exchange) else None

    def add(self, answering: Answering) -> None:
        """Makes a call end with this response."""
        self._open.append(answering)

    def received(self, message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.disconnect" and not self._is_complete:
            self._has_left = True

    async def sent(self, message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            self._status = message["status"]
        elif message["type"] == "http.response.pathsend" or (
            message["type"] in _BODIES and not message.get("more_body", False)
        ):
            self._is_complete = True
            await self.end()

    def broken_off(self, error: BaseException) -> None:
        """Notes that ``error`` ended the application, perhaps after the route returned: a body may fail later."""
        for answering in self._open:
            if answering.error is None:
                answering.error = error

    async def end(self) -> None:
        while self._open:
            answering = self._open.pop()
            answering.status = self._status
            answering.has_left = self._has_left and not self._is_complete
            await answering.end_async()


class Exchanges:
    """Wraps an application, and records the response to each request in the scope, where routes find it."""

    def __init__(self, app: Any) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        exchange = scope[_KEY] = Exchange()

        async def receive_noted() -> Any:
            message = await receive()
            exchange.received(message)
            return message

        async def send_noted(message: Any) -> None:
            await send(message)
            await exchange.sent(message)

        try:
            await self._app(scope, receive_noted, send_noted)
        except BaseException as error:
            exchange.broken_off(error)
            raise
        finally:
            await exchange.end()


@asynccontextmanager
async def answered(
    breaker: Breaker, scope: Scope, callers: tuple[type[BaseException], ...] = ()
) -> AsyncIterator[Call]:
    """A call that ends with the response to a request, or with the block if no ``Exchanges`` records the response.

    Args:
        callers: exceptions that are always the caller's fault, in addition to disconnects.
    """
    call = await Call(breaker).__aenter__()
    answering = Answering(call, HTTPException, (ClientDisconnect, WebSocketDisconnect, *callers))
    exchange = Exchange.of(scope)
    if exchange is not None:
        exchange.add(answering)
    try:
        yield call
    except BaseException as error:
        answering.error = error
        raise
    finally:
        if exchange is None:
            await answering.end_async()


class GuardedApp:
    """Wraps an application or a part of one, and makes each request one call of ``breaker``."""

    def __init__(self, app: Any, breaker: Breaker) -> None:
        self._app = app
        self._breaker = breaker
        self._noted = Exchanges(self._answer)

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> None:
        # The lifespan of a whole application is no call: it would hold a probe, and a denial would prevent the start.
        is_request = scope["type"] in ("http", "websocket")
        await (self._noted if is_request else self._app)(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Any, send: Any) -> None:
        async with answered(self._breaker, scope):
            await self._app(scope, receive, send)
