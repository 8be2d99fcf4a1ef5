"""httpx: transports that protect each request with a breaker."""

from __future__ import annotations

from typing import Optional

import httpx

from ..breaker import Breaker
from ..calls import Call
from ..classification import Exceptions, Failed
from ..client import Fusebox
from ..faults import of_downstream
from .outcomes import Outgoing, failed_at_server
from .routes import Route, per_host
from .streams import AsyncGuardedStream, GuardedStream

__all__ = ["AsyncBreakerTransport", "BreakerTransport"]


def request_failed(error: BaseException) -> bool:
    """Whether the downstream is at fault. A protocol error of the client and a full pool of the client are not."""
    return isinstance(error, httpx.RequestError) and of_downstream(error)


class BreakerTransport(httpx.BaseTransport):
    """``httpx.Client(transport=BreakerTransport(fb))``: a denied request raises ``BreakerOpen`` without being sent.

    A response that ``failed`` takes for a failure counts at once. Any other counts when its body is closed, or as a
    failure when the body breaks off.

    Args:
        transport: the transport that sends the requests; by default ``httpx.HTTPTransport()``.
        route: selects the breaker of a request: ``per_host``, ``per_route({…})``, or a function of method and URL.
        failures, ignore: exceptions, as in ``Fusebox.breaker``.
        failed: a function of a response that returns whether it is a failure; by default a status of 500 or above is.
    """

    def __init__(
        self,
        fusebox: Fusebox,
        transport: Optional[httpx.BaseTransport] = None,
        *,
        route: Route = per_host,
        failures: Exceptions = request_failed,
        ignore: Exceptions = (),
        failed: Optional[Failed] = failed_at_server,
    ) -> None:
        self._transport = transport or httpx.HTTPTransport()
        self._outgoing = Outgoing(fusebox, route, failures, ignore, failed)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        breaker = self._outgoing.breaker(request.method, str(request.url))
        if breaker is None:
            return self._transport.handle_request(request)
        call = Call(breaker).__enter__()
        try:
            response = self._transport.handle_request(request)
        except BaseException as error:
            call.__exit__(type(error), error, error.__traceback__)
            raise
        try:
            is_over = _is_failure(breaker, call, response)
        except BaseException as error:
            call.ignore()
            call.__exit__(type(error), error, error.__traceback__)
            response.close()
            raise
        if is_over:
            call.__exit__(None, None, None)
        else:
            assert isinstance(response.stream, httpx.SyncByteStream)
            call.detach()
            response.stream = GuardedStream(response.stream, call)
        return response

    def close(self) -> None:
        self._transport.close()


class AsyncBreakerTransport(httpx.AsyncBaseTransport):
    """The ``BreakerTransport`` for ``httpx.AsyncClient``."""

    def __init__(
        self,
        fusebox: Fusebox,
        transport: Optional[httpx.AsyncBaseTransport] = None,
        *,
        route: Route = per_host,
        failures: Exceptions = request_failed,
        ignore: Exceptions = (),
        failed: Optional[Failed] = failed_at_server,
    ) -> None:
        self._transport = transport or httpx.AsyncHTTPTransport()
        self._outgoing = Outgoing(fusebox, route, failures, ignore, failed)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        breaker = self._outgoing.breaker(request.method, str(request.url))
        if breaker is None:
            return await self._transport.handle_async_request(request)
        call = await Call(breaker).__aenter__()
        try:
            response = await self._transport.handle_async_request(request)
        except BaseException as error:
            await call.__aexit__(type(error), error, error.__traceback__)
            raise
        try:
            is_over = _is_failure(breaker, call, response)
        except BaseException as error:
            call.ignore()
            await call.__aexit__(type(error), error, error.__traceback__)
            await response.aclose()
            raise
        if is_over:
            await call.__aexit__(None, None, None)
        else:
            assert isinstance(response.stream, httpx.AsyncByteStream)
            call.detach()
            response.stream = AsyncGuardedStream(response.stream, call)
        return response

    async def aclose(self) -> None:
        await self._transport.aclose()


def _is_failure(breaker: Breaker, call: Call, response: httpx.Response) -> bool:
    outcome, kind = breaker._classification.of_result(response)
    if outcome == "failure":
        call.fail(kind)
    return outcome == "failure"
