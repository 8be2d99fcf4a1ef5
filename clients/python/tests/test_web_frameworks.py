"""The 503 answers of Starlette, FastAPI and Flask for a denied call."""

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
def test_a_fastapi_route_answers_503_for_a_denied_call(
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


def test_the_exception_handler_works_with_starlette(server: Server, remote: Fusebox, name: str) -> None:
    async def checkout(request: Request) -> Any:
        async with remote.breaker(name):
            pytest.fail("the block was entered")

    app = Starlette(routes=[Route("/", checkout)], exception_handlers={BreakerOpen: unavailable})
    server.trip(name)
    response = get(app)
    check_denied(response, response.json(), name)


def test_a_denial_without_an_end_has_no_retry_after(server: Server, remote: Fusebox, name: str) -> None:
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
def test_a_retry_after_that_is_not_finite_is_omitted(rest: float) -> None:
    denied = BreakerOpen("payments", "open", rest)
    assert body_of(denied)["retry_after"] is None
    assert headers_of(denied) == {"Cache-Control": "no-store"}


@pytest.fixture
def told(server: Server, make: Callable[..., Fusebox], name: str) -> Breaker:
    """An open breaker whose state is known to its process."""
    fusebox = make(server)
    payments = fusebox.breaker(name)
    payments.call(int)
    assert fusebox.flush(5)  # A success that arrives later would end the streak of failures.
    server.trip(name)
    eventually("the trip is known", lambda: payments.denial() is not None)
    return payments


def test_a_dependency_denies_before_the_body_runs(server: Server, told: Breaker, name: str) -> None:
    app = FastAPI()
    install(app)

    @app.get("/", dependencies=[Depends(available(told))])
    def checkout() -> int:
        pytest.fail("the body ran")

    response = get(app)
    check_denied(response, response.json(), name)


def test_a_dependency_takes_no_probe_from_the_body(server: Server, told: Breaker, name: str) -> None:
    app = FastAPI()

    @app.get("/", dependencies=[Depends(available(told))])
    def checkout() -> int:
        return told.call(int)

    server.reset(name, "half_open")
    eventually("the half-open state is known", lambda: told.denial() is None)
    assert get(app).json() == 0
    eventually("the probe closes the breaker", lambda: server.state(name) == "closed")


@pytest.mark.parametrize(
    ("error", "counted"),
    [(None, (1, 0)), (HTTPException(404), (0, 0)), (HTTPException(502), (1, 1)), (TimeoutError(), (1, 1))],
)
def test_a_guarded_route_counts_as_a_call(
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
    eventually("the call is counted", lambda: server.counted(name) == counted)


def test_an_open_breaker_denies_a_guarded_route(server: Server, remote: Fusebox, name: str) -> None:
    app = FastAPI()
    install(app)

    @app.get("/", dependencies=[Depends(guarded(remote.breaker(name)))])
    def checkout() -> None:
        pytest.fail("the body ran")

    server.trip(name)
    response = get(app)
    check_denied(response, response.json(), name)


@pytest.mark.parametrize("message", [None, "payment is closed"])
def test_a_flask_view_answers_503_for_a_denied_call(
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


def test_a_flask_view_is_denied_before_its_body_runs(told: Breaker, name: str) -> None:
    app = flask.Flask("shop")
    flask_integration.install(app)

    @app.route("/")
    @flask_integration.available(told)
    def checkout() -> str:
        pytest.fail("the body ran")

    response = app.test_client().get("/")
    check_denied(response, response.json, name)
