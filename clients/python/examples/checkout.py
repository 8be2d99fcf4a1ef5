"""A checkout service: all its processes share one breaker for payments.

    pip install "./clients/python[fastapi]" gunicorn uvicorn-worker
    cd clients/python/examples
    PAYMENTS_URL=http://127.0.0.1:8001 gunicorn -k uvicorn_worker.UvicornWorker -w 16 --preload checkout:app

While payments are down, it responds at once with 503 and ``Retry-After``. Without a breaker each customer would wait
for the time-out.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
from fastapi import Depends, FastAPI, HTTPException

from fusebox import Fusebox
from fusebox.integrations.fastapi import available, install

fb = Fusebox(os.environ.get("FUSEBOX_URL", "http://127.0.0.1:7979"), token=os.environ.get("FUSEBOX_TOKEN"))
payments = fb.breaker(
    "payments",
    failures=(httpx.TimeoutException, httpx.NetworkError, httpx.RemoteProtocolError),
    failed=lambda response: response.status_code >= 500,
)


@asynccontextmanager
async def connected(app: FastAPI) -> AsyncIterator[None]:
    url = os.environ.get("PAYMENTS_URL", "http://127.0.0.1:8001")
    async with httpx.AsyncClient(base_url=url, timeout=float(os.environ.get("PAYMENTS_TIMEOUT", "5"))) as client:
        app.state.client = client
        yield


app = FastAPI(lifespan=connected)
install(app, "payment is not possible at the moment")


@payments
async def charge(amount: int) -> httpx.Response:
    client: httpx.AsyncClient = app.state.client
    return await client.post("/charges", params={"amount": amount})


@app.post("/checkout", dependencies=[Depends(available(payments))])
async def checkout(amount: int = 10) -> dict[str, Any]:
    try:
        response = await charge(amount)
    except httpx.HTTPError as error:
        raise HTTPException(502, "payments do not answer") from error
    if response.status_code >= 400:
        raise HTTPException(502, "payments refuse")
    return {"paid": amount}
