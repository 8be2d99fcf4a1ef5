"""Guarded routes, each of which is one call, and the outcomes of their answers."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Annotated, Any, Optional

import flask
import httpx
import pytest
from fastapi import BackgroundTasks, Depends, FastAPI, HTTPException, Request, Response, WebSocket
from fastapi.responses import JSONResponse, StreamingResponse
from server import Server, eventually
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect
from starlette.routing import Route
from starlette.websockets import WebSocketDisconnect
from werkzeug.exceptions import NotFound, abort

from fusebox import BreakerOpen, Call, Fusebox
from fusebox.integrations.asgi import GuardedApp
from fusebox.integrations.fastapi import guarded, install
from fusebox.integrations.flask import guarded as guarded_view
from fusebox.integrations.starlette import guarded as guarded_middleware

SUCCESS, FAILURE, IGNORED = (1, 0), (1, 1), (0, 0)


class NoSuchItem(Exception):
    pass


class ProviderDown(Exception):
    pass


def post(app: Starlette, body: Any = None) -> Optional[httpx.Response]:
    """Returns the answer, or ``None`` if the application raises."""

    async def exchange() -> Optional[httpx.Response]:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://app") as client:
            try:
                return await client.post("/", json=body)
            except Exception:
                return None

    return asyncio.run(exchange())


def drive(app: Any, scope: dict[str, Any], messages: list[dict[str, Any]]) -> None:
    """Calls the application as a server does, which sends it these messages."""
    waiting = iter(messages)

    async def receive() -> Any:
        return next(waiting)

    async def send(message: Any) -> None: ...

    whole = {"path": "/", "headers": [], "query_string": b"", "asgi": {}, **scope}
    asyncio.run(app(whole, receive, send))


def application(fusebox: Fusebox, name: str, route: Callable[..., Any], **options: Any) -> FastAPI:
    app = FastAPI()
    install(app)
    app.post("/", dependencies=[Depends(guarded(fusebox.breaker(name, **options)))], response_model=None)(route)

    @app.exception_handler(NoSuchItem)
    async def no_such_item(request: Request, error: Exception) -> Response:
        return Response(status_code=404)

    @app.exception_handler(ProviderDown)
    async def provider_down(request: Request, error: Exception) -> Response:
        return Response(status_code=424 if str(error) else 503)

    return app


def raising(error: BaseException) -> Callable[[], Any]:
    def route() -> None:
        raise error

    return route


async def set_status(response: Response) -> str:
    response.status_code = 502
    return "down"


async def streamed() -> StreamingResponse:
    async def parts() -> AsyncIterator[bytes]:
        yield b"good"

    return StreamingResponse(parts())


async def broken_off() -> StreamingResponse:
    async def parts() -> AsyncIterator[bytes]:
        yield b"good"
        raise TimeoutError

    return StreamingResponse(parts())


def with_background_task(tasks: BackgroundTasks) -> str:
    tasks.add_task(raising(ConnectionError("mail")))
    return "good"


def wrong_answer() -> Any:
    raise __import__("fastapi").exceptions.ResponseValidationError([])


ROUTES: list[tuple[Callable[..., Any], tuple[int, int]]] = [
    (lambda: "good", SUCCESS),
    (lambda: Response(status_code=304), SUCCESS),
    (lambda: JSONResponse({}, status_code=404), IGNORED),
    (lambda: JSONResponse({}, status_code=429), IGNORED),
    (lambda: JSONResponse({}, status_code=408), IGNORED),
    (lambda: JSONResponse({}, status_code=500), FAILURE),
    (lambda: JSONResponse({}, status_code=502), FAILURE),
    (set_status, FAILURE),
    (raising(HTTPException(404)), IGNORED),
    (raising(type("Busy", (HTTPException,), {})(429)), IGNORED),
    (raising(HTTPException(303)), SUCCESS),
    (raising(HTTPException(502)), FAILURE),
    (raising(TimeoutError()), FAILURE),
    (raising(NoSuchItem()), IGNORED),
    (raising(ProviderDown()), FAILURE),
    (raising(ProviderDown("dependency")), IGNORED),
    (raising(ClientDisconnect()), IGNORED),
    (raising(BreakerOpen("another", "open")), IGNORED),
    (wrong_answer, FAILURE),
    (streamed, SUCCESS),
    (broken_off, FAILURE),
    (with_background_task, SUCCESS),
]


@pytest.mark.parametrize(("route", "counted"), ROUTES)
def test_the_answer_of_a_guarded_fastapi_route_decides_the_outcome(
    server: Server, remote: Fusebox, name: str, route: Callable[..., Any], counted: tuple[int, int]
) -> None:
    server.put_counting(name)
    post(application(remote, name, route))
    assert remote.flush(5)
    assert server.counted(name) == counted


def raising_to_starlette(error: BaseException) -> Callable[[Request], Any]:
    def endpoint(request: Request) -> Response:
        raise error

    return endpoint


async def streamed_by_starlette(request: Request) -> Response:
    return await streamed()


async def broken_off_by_starlette(request: Request) -> Response:
    return await broken_off()


ENDPOINTS: list[tuple[Callable[..., Any], tuple[int, int]]] = [
    (lambda request: Response("good"), SUCCESS),
    (lambda request: Response(status_code=404), IGNORED),
    (lambda request: Response(status_code=502), FAILURE),
    (raising_to_starlette(HTTPException(404)), IGNORED),
    (raising_to_starlette(HTTPException(502)), FAILURE),
    (raising_to_starlette(TimeoutError()), FAILURE),
    (raising_to_starlette(NoSuchItem()), IGNORED),
    (raising_to_starlette(ClientDisconnect()), IGNORED),
    (raising_to_starlette(BreakerOpen("another", "open")), IGNORED),
    (streamed_by_starlette, SUCCESS),
    (broken_off_by_starlette, FAILURE),
]


@pytest.mark.parametrize(("endpoint", "counted"), ENDPOINTS)
def test_the_answer_of_a_guarded_starlette_route_decides_the_outcome(
    server: Server, remote: Fusebox, name: str, endpoint: Callable[..., Any], counted: tuple[int, int]
) -> None:
    async def no_such_item(request: Request, error: Exception) -> Response:
        return Response(status_code=404)

    route = Route("/", endpoint, methods=["POST"], middleware=[guarded_middleware(remote.breaker(name))])
    app = Starlette(routes=[route], exception_handlers={NoSuchItem: no_such_item})
    server.put_counting(name)
    post(app)
    assert remote.flush(5)
    assert server.counted(name) == counted


@pytest.mark.parametrize("failures", [None, Exception])
def test_invalid_requests_do_not_open_the_breaker(server: Server, remote: Fusebox, name: str, failures: Any) -> None:
    def route(item: int) -> int:
        return item

    options = {} if failures is None else {"failures": failures}
    app = application(remote, name, route, **options)
    for _ in range(6):
        answer = post(app, {"item": "x"})
        assert answer is not None and answer.status_code == 422
    assert remote.flush(5)
    assert (server.state(name), server.counted(name)) == ("closed", IGNORED)


def test_returned_failures_open_the_breaker_with_their_kind(server: Server, remote: Fusebox, name: str) -> None:
    app = application(remote, name, lambda: JSONResponse({}, status_code=502))
    statuses = [answer and answer.status_code for answer in (post(app) for _ in range(6))]
    assert statuses == [502] * 5 + [503]
    assert server.breaker(name)["last_failure"]["kind"] == "http_502"


@pytest.mark.parametrize(
    ("options", "error", "counted"),
    [
        ({"ignore": HTTPException}, HTTPException(502), IGNORED),
        ({"failures": ConnectionError}, HTTPException(502), FAILURE),
        ({"failures": ConnectionError}, TimeoutError(), IGNORED),
        ({"failures": Exception}, ClientDisconnect(), IGNORED),
    ],
)
def test_the_options_of_the_breaker_classify_exceptions_that_are_not_answers(
    server: Server, remote: Fusebox, name: str, options: dict[str, Any], error: Exception, counted: tuple[int, int]
) -> None:
    server.put_counting(name)
    post(application(remote, name, raising(error), **options))
    assert remote.flush(5)
    assert server.counted(name) == counted


@pytest.mark.parametrize(("verdict", "counted"), [("fail", FAILURE), ("ignore", IGNORED)])
@pytest.mark.parametrize("status", [200, 404, 502])
def test_a_route_can_set_the_outcome_of_its_call(
    server: Server, remote: Fusebox, name: str, verdict: str, counted: tuple[int, int], status: int
) -> None:
    app = FastAPI()

    @app.post("/")
    def route(call: Annotated[Call, Depends(guarded(remote.breaker(name)))]) -> Response:
        getattr(call, verdict)()
        return Response(status_code=status)

    server.put_counting(name)
    post(app)
    assert remote.flush(5)
    assert server.counted(name) == counted


def test_a_failure_within_a_guarded_route_counts_regardless_of_the_answer(
    server: Server, remote: Fusebox, name: str
) -> None:
    def route() -> Response:
        assert remote.breaker(name, fallback="n/a").call(raising(TimeoutError())) == "n/a"
        return Response(status_code=404)

    server.put_counting(name)
    post(application(remote, name, route))
    assert remote.flush(5)
    assert server.counted(name) == FAILURE


def test_a_client_that_disconnects_during_the_answer_is_ignored(server: Server, remote: Fusebox, name: str) -> None:
    server.put_counting(name)

    async def endless() -> StreamingResponse:
        async def parts() -> AsyncIterator[bytes]:
            while True:
                yield b"good"
                await asyncio.sleep(0)

        return StreamingResponse(parts())

    messages: list[dict[str, Any]] = [{"type": "http.request", "body": b""}, {"type": "http.disconnect"}]
    drive(application(remote, name, endless), {"type": "http", "method": "POST"}, messages)
    assert remote.flush(5)
    assert server.counted(name) == IGNORED


def test_a_message_that_is_not_the_body_does_not_end_the_call(server: Server, remote: Fusebox, name: str) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.push", "path": "/style.css", "headers": []})
        await send({"type": "http.response.start", "status": 502, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    server.put_counting(name)
    drive(GuardedApp(app, remote.breaker(name)), {"type": "http", "method": "GET"}, [])
    assert remote.flush(5)
    assert server.counted(name) == FAILURE


def test_a_background_task_does_not_hold_the_probe(server: Server, remote: Fusebox, name: str) -> None:
    states: list[str] = []

    def route(tasks: BackgroundTasks) -> str:
        tasks.add_task(lambda: states.append(server.state(name)))
        return "good"

    server.put(name)
    server.reset(name, "half_open")
    post(application(remote, name, route))
    assert states == ["closed"]


def test_the_lifespan_of_a_guarded_application_is_no_call(offline: Callable[..., Fusebox], name: str) -> None:
    fusebox = offline(unreachable="deny")
    app = Starlette(middleware=[guarded_middleware(fusebox.breaker(name))])
    drive(app, {"type": "lifespan"}, [{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}])
    assert fusebox.statistics.decisions_alone == 0
    with pytest.raises(BreakerOpen):
        drive(app, {"type": "http", "method": "GET"}, [])


@pytest.mark.parametrize(
    ("error", "counted"), [(WebSocketDisconnect(1001), IGNORED), (ConnectionError(), FAILURE), (None, SUCCESS)]
)
def test_a_guarded_web_socket_counts_as_a_call(
    server: Server, remote: Fusebox, name: str, error: Optional[Exception], counted: tuple[int, int]
) -> None:
    app = FastAPI()

    @app.websocket("/")
    async def route(socket: WebSocket, call: Annotated[Call, Depends(guarded(remote.breaker(name)))]) -> None:
        await socket.accept()
        if error is not None:
            raise error
        await socket.close()

    server.put_counting(name)
    try:
        drive(app, {"type": "websocket", "subprotocols": []}, [{"type": "websocket.connect"}])
    except (ConnectionError, WebSocketDisconnect):
        pass
    assert remote.flush(5)
    eventually("the call is counted", lambda: server.counted(name) == counted)


def streamed_view() -> flask.Response:
    return flask.Response(iter(["good"] * 3))


def broken_off_view() -> flask.Response:
    def parts() -> Iterator[str]:
        yield "good"
        raise TimeoutError

    return flask.Response(parts())


VIEWS: list[tuple[Callable[..., Any], tuple[int, int]]] = [
    (lambda: "good", SUCCESS),
    (lambda: flask.redirect("/elsewhere"), SUCCESS),
    (lambda: ("missing", 404), IGNORED),
    (lambda: ("busy", 429), IGNORED),
    (lambda: ("down", 502), FAILURE),
    (lambda: ({"down": True}, "503 Down", {}), FAILURE),
    (lambda: flask.Response(status=500), FAILURE),
    (lambda: abort(404), IGNORED),
    (lambda: abort(502), FAILURE),
    (lambda: abort(flask.Response(status=502)), FAILURE),
    (lambda: abort(flask.Response(status=404)), IGNORED),
    (lambda: flask.request.form["missing"], IGNORED),
    (raising(NotFound()), IGNORED),
    (raising(TimeoutError()), FAILURE),
    (raising(NoSuchItem()), IGNORED),
    (raising(ProviderDown()), FAILURE),
    (raising(BreakerOpen("another", "open")), IGNORED),
    (streamed_view, SUCCESS),
    (lambda: flask.Response(iter([""]), 204), SUCCESS),
    (lambda: flask.Response(iter([""]), 304), SUCCESS),
    (broken_off_view, FAILURE),
]


def get_view(
    fusebox: Fusebox,
    name: str,
    view: Callable[..., Any],
    *,
    is_testing: bool = True,
    parts: Optional[int] = None,
    method: str = "GET",
) -> None:
    """Requests the view and reads that many parts of the answer, or all of it by default."""
    app = flask.Flask("shop")
    app.testing = is_testing
    app.route("/", endpoint="view")(guarded_view(fusebox.breaker(name))(view))
    app.register_error_handler(NoSuchItem, lambda error: ("missing", 404))
    app.register_error_handler(ProviderDown, lambda error: ("down", 503))
    try:
        response = app.test_client().open("/", method=method, buffered=parts is None)
        body = response.iter_encoded()
        for _ in range(parts or 0):
            next(body)
        response.close()
    except (TimeoutError, BreakerOpen):
        pass


@pytest.mark.parametrize("is_testing", [True, False])
@pytest.mark.parametrize(("view", "counted"), VIEWS)
def test_the_answer_of_a_guarded_flask_view_decides_the_outcome(
    server: Server,
    remote: Fusebox,
    name: str,
    view: Callable[..., Any],
    counted: tuple[int, int],
    is_testing: bool,
) -> None:
    server.put_counting(name)
    get_view(remote, name, view, is_testing=is_testing)
    assert remote.flush(5)
    assert server.counted(name) == counted


def test_a_client_that_does_not_read_the_whole_answer_of_a_view_is_ignored(
    server: Server, remote: Fusebox, name: str
) -> None:
    server.put_counting(name)
    get_view(remote, name, streamed_view, parts=1)
    assert remote.flush(5)
    assert server.counted(name) == IGNORED


class Upstream:
    """A body that must be closed."""

    is_closed = False

    def __iter__(self) -> Iterator[bytes]:
        yield b"good"

    def close(self) -> None:
        self.is_closed = True


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_the_body_of_a_guarded_view_is_closed(server: Server, remote: Fusebox, name: str, method: str) -> None:
    server.put_counting(name)
    body = Upstream()
    get_view(remote, name, lambda: flask.Response(body), method=method)
    assert body.is_closed
    assert remote.flush(5)
    assert server.counted(name) == SUCCESS


def test_an_open_breaker_denies_a_guarded_view(server: Server, remote: Fusebox, name: str) -> None:
    server.trip(name)
    app = flask.Flask("shop")
    app.testing = True
    app.route("/", endpoint="view")(guarded_view(remote.breaker(name))(lambda: pytest.fail("the view ran")))
    with pytest.raises(BreakerOpen):
        app.test_client().get("/")
