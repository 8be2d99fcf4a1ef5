"""A user service that works while its directory is down: it serves the last known data, and marks it in headers.

    pip install "./clients/python[fastapi,redis]" uvicorn
    cd clients/python/examples
    DIRECTORY_URL=http://127.0.0.1:8001 uvicorn users:app

With ``REDIS_URL`` all processes share the last known data.
"""

from __future__ import annotations

import os
from typing import Any

import httpx
from fastapi import FastAPI, Response

from fusebox import CachedFallback, Fusebox, MemoryStore, RedisStore, Store
from fusebox.integrations.fastapi import install


def store() -> Store:
    if "REDIS_URL" not in os.environ:
        return MemoryStore(size=10_000)
    import redis

    return RedisStore(redis.Redis.from_url(os.environ["REDIS_URL"]))


fb = Fusebox(os.environ.get("FUSEBOX_URL", "http://127.0.0.1:7979"), token=os.environ.get("FUSEBOX_TOKEN"))
directory = fb.breaker(
    "directory",
    failures=(httpx.TransportError, httpx.HTTPStatusError),
    fallback=CachedFallback(store(), ttl=3600, key=lambda user: f"user {user}"),
)
client = httpx.Client(base_url=os.environ.get("DIRECTORY_URL", "http://127.0.0.1:8001"), timeout=2)
app = FastAPI()
install(app)


@directory
def profile(user: int) -> Any:
    return client.get(f"/users/{user}").raise_for_status().json()


@app.get("/users/{user}")
def show(user: int, response: Response) -> Any:
    shown = profile(user)
    if directory.served is not None:
        response.headers["x-served-from"] = directory.served.source
        response.headers["age"] = str(int(directory.served.age or 0))
    return shown
