"""A Celery worker: a charge that the breaker denies runs again later, and the denial does not count as an attempt.

    pip install "./clients/python[celery,redis]"
    cd clients/python/examples
    PAYMENTS_URL=http://127.0.0.1:8001 celery -A charges worker
    celery -A charges call charge --args '[7]'

The queue is in the Redis at ``BROKER_URL``.
"""

from __future__ import annotations

import os
from typing import Any

import httpx
from celery import Celery

from fusebox import Fusebox
from fusebox.integrations.celery import BreakerTask
from fusebox.integrations.httpx import BreakerTransport
from fusebox.integrations.routes import per_route

payments = os.environ.get("PAYMENTS_URL", "http://127.0.0.1:8001")
fb = Fusebox(os.environ.get("FUSEBOX_URL", "http://127.0.0.1:7979"), token=os.environ.get("FUSEBOX_TOKEN"))
client = httpx.Client(
    base_url=payments, timeout=5, transport=BreakerTransport(fb, route=per_route({payments: "charges"}))
)
app = Celery("charges", broker=os.environ.get("BROKER_URL", "redis://"), task_cls=BreakerTask)
if "BROKER_FOLDER" in os.environ:
    folder = os.environ["BROKER_FOLDER"]
    app.conf.broker_transport_options = {"data_folder_in": folder, "data_folder_out": folder, "control_folder": folder}


@app.task(name="charge", autoretry_for=(httpx.HTTPError,), max_retries=5, default_retry_delay=5, acks_late=True)  # type: ignore[untyped-decorator]
def charge(order: int) -> Any:
    return client.post("/charges", params={"order": order}).raise_for_status().json()
