"""requests: an adapter that protects each request with a breaker."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Optional, Union

import requests
from requests.adapters import BaseAdapter, HTTPAdapter
from urllib3.exceptions import HTTPError

from ..classification import Exceptions, Failed
from ..client import Fusebox
from ..faults import of_downstream
from .outcomes import Outgoing, failed_at_server
from .routes import Route, per_host

__all__ = ["BreakerAdapter"]


def request_failed(error: BaseException) -> bool:
    """Whether the downstream is at fault, also after a ``Retry`` of the adapter has given up."""
    return isinstance(error, (requests.RequestException, HTTPError)) and of_downstream(error)


class BreakerAdapter(BaseAdapter):
    """``session.mount("https://", BreakerAdapter(fb))``: a denied request raises ``BreakerOpen`` without being sent.

    A response counts after its body is read, or with ``stream=True`` after its headers are read.

    Args:
        adapter: the adapter that sends the requests; by default ``requests.adapters.HTTPAdapter()``.
        route: selects the breaker of a request: ``per_host``, ``per_route({…})``, or a function of method and URL.
        failures, ignore: exceptions, as in ``Fusebox.breaker``.
        failed: a function of a response that returns whether it is a failure; by default a status of 500 or above is.
    """

    def __init__(
        self,
        fusebox: Fusebox,
        adapter: Optional[BaseAdapter] = None,
        *,
        route: Route = per_host,
        failures: Exceptions = request_failed,
        ignore: Exceptions = (),
        failed: Optional[Failed] = failed_at_server,
    ) -> None:
        super().__init__()
        self._adapter = adapter or HTTPAdapter()
        self._outgoing = Outgoing(fusebox, route, failures, ignore, failed)

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,
        timeout: Any = None,
        verify: Union[bool, str] = True,
        cert: Any = None,
        proxies: Optional[Mapping[str, str]] = None,
    ) -> requests.Response:
        response: Optional[requests.Response] = None

        def exchange() -> requests.Response:
            nonlocal response
            response = self._adapter.send(request, stream, timeout, verify, cert, proxies)
            if not stream:
                _ = response.content  # Read and kept here; the session would read it next anyway.
            return response

        breaker = self._outgoing.breaker(request.method or "GET", request.url or "")
        if breaker is None:
            return exchange()
        try:
            return breaker.call(exchange)
        except BaseException:
            if response is not None:
                response.close()  # The caller does not receive the response, and so cannot close it.
            raise

    def close(self) -> None:
        self._adapter.close()
