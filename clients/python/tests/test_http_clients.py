"""The transports for httpx and requests, with a breaker for each host or route."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import httpx
import pytest
import requests
from doubtful import POLICY, PROBE, Answer, Doubtful, accepted, answer
from downstream import Downstream
from server import Server, eventually, free_port

from fusebox import BreakerOpen, Fusebox
from fusebox.integrations.httpx import AsyncBreakerTransport, BreakerTransport
from fusebox.integrations.requests import BreakerAdapter
from fusebox.integrations.routes import per_host, per_route

Get = Callable[..., Any]


def httpx_get(fusebox: Fusebox, **options: Any) -> Get:
    def get(url: str) -> httpx.Response:
        with httpx.Client(transport=BreakerTransport(fusebox, **options)) as client:
            return client.get(url)

    return get


def httpx_get_async(fusebox: Fusebox, **options: Any) -> Get:
    async def get(url: str) -> httpx.Response:
        async with httpx.AsyncClient(transport=AsyncBreakerTransport(fusebox, **options)) as client:
            return await client.get(url)

    return lambda url: asyncio.run(get(url))


def requests_get(fusebox: Fusebox, **options: Any) -> Get:
    def get(url: str) -> requests.Response:
        with requests.Session() as session:
            session.mount("http://", BreakerAdapter(fusebox, **options))
            return session.get(url)

    return get


@pytest.fixture(params=[httpx_get, httpx_get_async, requests_get])
def make_get(request: pytest.FixtureRequest, remote: Fusebox) -> Callable[..., Get]:
    return lambda **options: request.param(remote, **options)


def test_each_host_and_port_has_a_breaker(server: Server, make_get: Callable[..., Get], downstream: Downstream) -> None:
    assert make_get()(f"{downstream.url}/a?b=c").text == "good"
    assert server.breaker(f"127.0.0.1:{downstream.server_port}")["counts"]["calls"] == 1


def test_an_error_response_counts_and_reaches_the_caller(
    server: Server, make_get: Callable[..., Get], downstream: Downstream
) -> None:
    get = make_get()
    for status in (503, 404):
        downstream.status = status
        response = get(downstream.url)
        assert (response.status_code, response.text) == (status, "good")
    name = f"127.0.0.1:{downstream.server_port}"
    counts = server.breaker(name)["counts"]
    assert (counts["calls"], counts["failures"]) == (2, 1)
    assert server.breaker(name)["last_failure"]["kind"] == "http_503"


def test_an_unreachable_host_opens_its_breaker(server: Server, make_get: Callable[..., Get]) -> None:
    get, port = make_get(), free_port()
    for _ in range(5):
        with pytest.raises((httpx.ConnectError, requests.ConnectionError)):
            get(f"http://127.0.0.1:{port}/")
    with pytest.raises(BreakerOpen) as denied:
        get(f"http://127.0.0.1:{port}/")
    assert denied.value.retry_after is not None and denied.value.breaker == f"127.0.0.1:{port}"
    assert server.breaker(denied.value.breaker)["last_failure"]["kind"] == "connection"


def test_an_incomplete_body_is_a_failure(server: Server, make_get: Callable[..., Get], downstream: Downstream) -> None:
    downstream.breaks_off = True
    with pytest.raises((httpx.RemoteProtocolError, requests.exceptions.ChunkedEncodingError)):
        make_get()(downstream.url)
    assert server.counted(f"127.0.0.1:{downstream.server_port}") == (1, 1)


def test_each_route_has_a_breaker_and_other_requests_have_none(
    server: Server, make_get: Callable[..., Get], downstream: Downstream, name: str
) -> None:
    get = make_get(route=per_route({f"{downstream.url}/charges": f"{name}:charge"}))
    server.trip(f"{name}:charge")
    with pytest.raises(BreakerOpen, match=f"{name}:charge"):
        get(f"{downstream.url}/charges/7")
    assert get(f"{downstream.url}/refunds").text == "good"
    assert downstream.paths == ["/refunds"]


@pytest.mark.parametrize(
    ("method", "url", "name"),
    [
        ("GET", "https://pay.example.com/v1/charges", "charges"),
        ("GET", "https://pay.example.com/v1/charges/7?a=b", "charges"),
        ("GET", "https://pay.example.com/v1/chargesheet", "pay"),
        ("post", "https://pay.example.com/v1/charges?a", "charge"),
        ("GET", "https://pay.example.com.evil.example/", "pay.example.com.evil.example"),
        ("GET", "https://api.example.com:443/", "api.example.com"),
        ("GET", "http://api.example.com:443/", "api.example.com:443"),
        ("GET", "http://[::1]:80/", "0::1"),
    ],
)
def test_the_longest_matching_route_decides_the_breaker(method: str, url: str, name: str) -> None:
    route = per_route(
        {
            "https://pay.example.com": "pay",
            "https://pay.example.com/v1/charges": "charges",
            "POST https://pay.example.com/v1/charges/": "charge",
        },
        otherwise=per_host,
    )
    assert route(method, url) == name


def test_a_streamed_body_counts_when_it_is_closed(server: Server, remote: Fusebox, downstream: Downstream) -> None:
    name = f"127.0.0.1:{downstream.server_port}"
    with httpx.Client(transport=BreakerTransport(remote)) as client, client.stream("GET", downstream.url) as response:
        server.put(name)
        assert server.counted(name)[0] == 0
        assert next(response.iter_raw(1)) == b"g"
    assert server.counted(name) == (1, 0)


def test_a_body_that_is_not_read_gives_its_probe_back(server: Server, remote: Fusebox, downstream: Downstream) -> None:
    name = f"127.0.0.1:{downstream.server_port}"
    server.put(name)
    server.reset(name, "half_open")
    transport = BreakerTransport(remote)
    response = transport.handle_request(httpx.Request("GET", downstream.url))
    assert server.breaker(name)["probes"]["in_flight"] == 1
    del response
    eventually("the probe is free", lambda: server.breaker(name)["probes"]["in_flight"] == 0)
    transport.close()


def test_a_listener_gets_the_changes_of_all_hosts(server: Server, remote: Fusebox, downstream: Downstream) -> None:
    downstream.status = 500
    changes: list[str] = []
    remote.listen(lambda change: changes.append(f"{change.breaker} {change.after}"))
    with httpx.Client(transport=BreakerTransport(remote)) as client:
        for _ in range(5):
            client.get(downstream.url)
    assert changes == [f"127.0.0.1:{downstream.server_port} open"]


def granting(path: str, body: Any) -> Answer:
    if path == "/v1/reports":
        return accepted(body, "half_open")
    return answer(PROBE if path.endswith("/acquire") else POLICY)


@pytest.mark.parametrize("client", ["httpx", "httpx of coroutines", "requests"])
def test_a_response_that_cannot_be_judged_releases_its_connection_and_probe(
    downstream: Downstream, client: str
) -> None:
    seen: list[Any] = []

    def failed(response: Any) -> bool:
        seen.append(response)
        raise NotImplementedError

    async def get_async(transport: httpx.AsyncBaseTransport) -> None:
        await transport.handle_async_request(httpx.Request("GET", downstream.url))

    with Doubtful(granting) as server, Fusebox(server.url, mode="remote", timeout=5.0) as fb:
        with pytest.raises(NotImplementedError):
            if client == "httpx":
                BreakerTransport(fb, failed=failed).handle_request(httpx.Request("GET", downstream.url))
            elif client == "requests":
                request = requests.Request("GET", downstream.url).prepare()
                BreakerAdapter(fb, failed=failed).send(request, stream=True)
            else:
                asyncio.run(get_async(AsyncBreakerTransport(fb, failed=failed)))
        (response,) = seen
        assert response.raw.closed if client == "requests" else response.is_closed
        assert fb.flush(5)
        reports = [*server.reports(), *(body for path, body in server.asked if path.endswith("/report"))]
        assert [report["outcome"] for report in reports] == ["ignored"]
