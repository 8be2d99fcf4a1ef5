"""A checkout with the breaker that ``BREAKER`` names. Every answer says which process gave it."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import cast

import httpx
import pybreaker
from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse

from fusebox import Fusebox
from fusebox.integrations.fastapi import install
from fusebox.settings import Unreachable

RECOVERY = float(os.environ["RECOVERY"])


@asynccontextmanager
async def connected(app: FastAPI) -> AsyncIterator[None]:
    timeout = float(os.environ["TIMEOUT"])
    with httpx.Client(base_url=os.environ["PAYMENTS_URL"], timeout=timeout) as client:
        app.state.client = client
        yield


app = FastAPI(lifespan=connected)


@app.middleware("http")
async def name_process(request: Request, forward: Callable[[Request], Awaitable[Response]]) -> Response:
    response = await forward(request)
    response.headers["x-process"] = str(os.getpid())
    return response


def charge(is_probe: bool) -> None:
    client: httpx.Client = app.state.client
    client.post("/charges", headers={"x-probe": "yes" if is_probe else "no"}).raise_for_status()


@app.exception_handler(httpx.HTTPError)
async def payments_failed(request: Request, error: Exception) -> Response:
    return JSONResponse({"status": "failed"}, 502)


if os.environ["BREAKER"] == "fusebox":
    fusebox = Fusebox(
        os.environ["FUSEBOX_URL"],
        max_staleness=float(os.environ.get("MAX_STALENESS", "5")),
        unreachable=cast(Unreachable, os.environ.get("UNREACHABLE", "local")),
    )
    shared = fusebox.breaker("payments", failures=httpx.HTTPError)
    install(app)

    @app.post("/checkout")
    def checkout() -> None:
        with shared as call:
            charge(call.decision.is_probe)

else:
    own = pybreaker.CircuitBreaker(fail_max=5, reset_timeout=RECOVERY, throw_new_error_on_trip=False)

    @app.exception_handler(pybreaker.CircuitBreakerError)
    async def unavailable(request: Request, error: Exception) -> Response:
        return JSONResponse({"status": "unavailable", "retry_after": RECOVERY, "failures": own.fail_counter}, 503)

    # Not in coroutines: of those PyBreaker counts a probe as a success before it is awaited.
    @app.post("/checkout")
    def checkout_alone() -> None:
        own.call(lambda: charge(own.current_state == pybreaker.STATE_HALF_OPEN))
