"""Starlette, FastAPI and Flask: 503 where a breaker denies."""

import asyncio
import math
from collections.abc import Callable
from typing import Annotated, Any, Optional

import flask
import httpx
import pytest
from fastapi import Depends, FastAPI, HTTPException
from server import Server, eventually
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.routing import Route

from fusebox import Breaker, BreakerOpen, Call, Fusebox
from fusebox.integrations import flask as flask_integration
from fusebox.integrations.fastapi import available, guarded, install, unavailable
from fusebox.integrations.unavailable import body_of, headers_of


def get(app: Any, path: str = "/") -> httpx.Response:
    async def exchange() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://app") as client:
            return await client.get(path)

    return asyncio.run(exchange())


def check_denied(response: Any, body: Any, name: str, message: Optional[str] = None) -> None:
    assert response.status_code == 503
    seconds = int(response.headers["retry-after"])
    assert 50 < seconds <= 60
    expected = message or f"{name} is not available at the moment"
    assert body == {"status": "unavailable", "message": expected, "retry_after": seconds}
    assert response.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("message", [None, "payment is closed"])
def test_a_route_of_fastapi_that_ends_in_a_denial_answers_503(
    server: Server, remote: Fusebox, name: str, message: Optional[str]
) -> None:
    app = FastAPI()
    install(app, message)
    payments = remote.breaker(name)

    @app.get("/")
    def checkout() -> int:
        return payments.call(int)

    assert get(app).json() == 0
    server.trip(name)
    response = get(app)
    check_denied(response, response.json(), name, message)


def test_the_handler_is_one_of_starlettes(server: Server, remote: Fusebox, name: str) -> None:
    async def checkout(request: Request) -> Any:
        async with remote.breaker(name):
            pytest.fail("it was entered")

    app = Starlette(routes=[Route("/", checkout)], exception_handlers={BreakerOpen: unavailable})
    server.trip(name)
    response = get(app)
    check_denied(response, response.json(), name)


def test_a_denial_without_an_end_says_no_time(server: Server, remote: Fusebox, name: str) -> None:
    app = FastAPI()
    install(app)

    @app.get("/")
    def checkout() -> int:
        return remote.breaker(name).call(int)

    get(app)
    server.override(name, "force_open")
    response = get(app)
    assert (response.status_code, response.json()["retry_after"]) == (503, None)
    assert "retry-after" not in response.headers


@pytest.mark.parametrize("rest", [math.inf, math.nan])
def test_a_time_that_never_comes_is_not_said(rest: float) -> None:
    denied = BreakerOpen("payments", "open", rest)
    assert body_of(denied)["retry_after"] is None
    assert headers_of(denied) == {"Cache-Control": "no-store"}


@pytest.fixture
def told(server: Server, make: Callable[..., Fusebox], name: str) -> Breaker:
    """A breaker that is open, as its process has heard."""
    fusebox = make(server)
    payments = fusebox.breaker(name)
    payments.call(int)
    assert fusebox.flush(5)  # A success on its way would end the row of failures.
    server.trip(name)
    eventually("it has heard", lambda: payments.denial() is not None)
    return payments


def test_a_dependency_denies_before_the_body_runs(server: Server, told: Breaker, name: str) -> None:
    app = FastAPI()
    install(app)

    @app.get("/", dependencies=[Depends(available(told))])
    def checkout() -> int:
        pytest.fail("its body ran")

    response = get(app)
    check_denied(response, response.json(), name)


def test_the_dependency_takes_no_probe_from_the_body(server: Server, told: Breaker, name: str) -> None:
    app = FastAPI()

    @app.get("/", dependencies=[Depends(available(told))])
    def checkout() -> int:
        return told.call(int)

    server.reset(name, "half_open")
    eventually("it has heard", lambda: told.denial() is None)
    assert get(app).json() == 0
    eventually("the probe closes it", lambda: server.state(name) == "closed")


@pytest.mark.parametrize(
    ("error", "counted"),
    [(None, (1, 0)), (HTTPException(404), (0, 0)), (HTTPException(502), (1, 1)), (TimeoutError(), (1, 1))],
)
def test_a_guarded_route_is_a_call(
    server: Server, remote: Fusebox, name: str, error: Optional[Exception], counted: tuple[int, int]
) -> None:
    app = FastAPI()
    payments = remote.breaker(name)

    @app.get("/")
    def checkout(call: Annotated[Call, Depends(guarded(payments))]) -> str:
        if error is not None:
            raise error
        return call.decision.state

    server.put_counting(name)
    if isinstance(error, TimeoutError):
        with pytest.raises(TimeoutError):
            get(app)
    else:
        assert get(app).status_code == (200 if error is None else error.status_code)  # type: ignore[attr-defined]
    eventually("it is counted", lambda: server.counted(name) == counted)


def test_a_guarded_route_is_denied(server: Server, remote: Fusebox, name: str) -> None:
    app = FastAPI()
    install(app)

    @app.get("/", dependencies=[Depends(guarded(remote.breaker(name)))])
    def checkout() -> None:
        pytest.fail("its body ran")

    server.trip(name)
    response = get(app)
    check_denied(response, response.json(), name)


@pytest.mark.parametrize("message", [None, "payment is closed"])
def test_a_view_of_flask_that_ends_in_a_denial_answers_503(
    server: Server, remote: Fusebox, name: str, message: Optional[str]
) -> None:
    app = flask.Flask("shop")
    flask_integration.install(app, message)

    @app.route("/")
    def checkout() -> str:
        return str(remote.breaker(name).call(int))

    assert app.test_client().get("/").text == "0"
    server.trip(name)
    response = app.test_client().get("/")
    check_denied(response, response.json, name, message)


def test_a_view_of_flask_may_not_be_begun(told: Breaker, name: str) -> None:
    app = flask.Flask("shop")
    flask_integration.install(app)

    @app.route("/")
    @flask_integration.available(told)
    def checkout() -> str:
        pytest.fail("its body ran")

    response = app.test_client().get("/")
    check_denied(response, response.json, name)
