"""Each example runs as its documentation says, in its own processes, through an outage of its downstream."""

from __future__ import annotations

import pathlib
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from celery import Celery
from downstream import Downstream
from processes import EXAMPLES, environment, gunicorn, process
from server import BINARY, Server, eventually


@pytest.fixture
def client() -> Iterator[httpx.Client]:
    with httpx.Client(timeout=30, headers={"connection": "close"}) as client:
        yield client


def test_the_checkout_answers_503_in_all_processes_until_payments_recover(
    own_server: Server, tmp_path: pathlib.Path, downstream: Downstream, client: httpx.Client
) -> None:
    own_server.put("payments", recovery_timeout_ms=1_000)
    variables = {"FUSEBOX_URL": own_server.url, "PAYMENTS_URL": downstream.url}
    with gunicorn(tmp_path / "log", "checkout:app", 2, **variables) as url:

        def checkout() -> httpx.Response:
            return client.post(f"{url}/checkout", params={"amount": 7})

        assert checkout().json() == {"paid": 7}
        downstream.status = 500
        # Five failures open the breaker. Some more calls may pass until the other process' panel is up to date.
        for _ in range(1_000):
            if (response := checkout()).status_code == 503:
                break
        assert response.status_code == 503
        assert response.json() == {
            "status": "unavailable",
            "message": "payment is not possible at the moment",
            "retry_after": int(response.headers["retry-after"]),
        }
        downstream.status = 200
        eventually("payments succeed again", lambda: checkout().status_code == 200)
        eventually("the probe is reported", lambda: own_server.state("payments") == "closed")


def test_the_user_service_answers_every_request_of_an_outage_from_its_cache(
    own_server: Server, tmp_path: pathlib.Path, downstream: Downstream, client: httpx.Client
) -> None:
    downstream.body = b'{"id": 1}'
    variables = {"FUSEBOX_URL": own_server.url, "DIRECTORY_URL": downstream.url}
    with gunicorn(tmp_path / "log", "users:app", 1, **variables) as url:
        first = client.get(f"{url}/users/1")
        assert (first.json(), "x-served-from" in first.headers) == ({"id": 1}, False)
        downstream.status = 500
        for _ in range(20):
            response = client.get(f"{url}/users/1")
            assert (response.status_code, response.json()) == (200, {"id": 1})
            assert response.headers["x-served-from"] == "cache" and int(response.headers["age"]) >= 0
        assert own_server.state("directory") == "open"
        unknown = client.get(f"{url}/users/2")
        assert (unknown.status_code, unknown.json()["status"]) == (503, "unavailable")
    assert len(downstream.paths) < 10


@pytest.mark.parametrize("processes", [1, 2])
def test_the_processes_share_their_cache_in_an_outage_under_load(
    own_server: Server,
    tmp_path: pathlib.Path,
    downstream: Downstream,
    client: httpx.Client,
    request: pytest.FixtureRequest,
    processes: int,
) -> None:
    downstream.body = b'{"id": 1}'
    variables = {"FUSEBOX_URL": own_server.url, "DIRECTORY_URL": downstream.url}
    if processes > 1:
        variables["REDIS_URL"] = f"redis://127.0.0.1:{request.getfixturevalue('redis_port')}"
    with gunicorn(tmp_path / "log", "users:app", processes, **variables) as url:
        assert client.get(f"{url}/users/1").json() == {"id": 1}
        downstream.status = 500
        served: set[tuple[int, str]] = set()

        def load() -> int:
            """Sends a hundred requests and returns how many of them reach the directory."""
            before = len(downstream.paths)
            with ThreadPoolExecutor(8) as customers:
                for response in customers.map(lambda _: client.get(f"{url}/users/1"), range(100)):
                    served.add((response.status_code, response.headers.get("x-served-from", "the directory")))
            return len(downstream.paths) - before

        assert load() >= 5
        eventually("no process calls the directory", lambda: load() == 0)
    assert served == {(200, "cache")}


def test_the_celery_worker_charges_every_order_after_an_outage(
    own_server: Server, tmp_path: pathlib.Path, downstream: Downstream
) -> None:
    own_server.put("charges", recovery_timeout_ms=1_000)
    broker = tmp_path / "broker"
    broker.mkdir()
    variables = {
        "FUSEBOX_URL": own_server.url,
        "PAYMENTS_URL": downstream.url,
        "BROKER_URL": "filesystem://",
        "BROKER_FOLDER": str(broker),
    }
    producer = Celery("producer", broker="filesystem://", set_as_current=False)
    folders = dict.fromkeys(("data_folder_in", "data_folder_out", "control_folder"), str(broker))
    producer.conf.broker_transport_options = folders
    options = [
        "-A",
        "charges",
        "worker",
        "--loglevel",
        "info",
        "--concurrency",
        "2",
        "--without-gossip",
        "--without-mingle",
    ]
    downstream.body = b"{}"
    log = tmp_path / "log"
    with process(log, "celery", *options, **variables):
        eventually("the worker is ready", lambda: "ready." in log.read_text(), within=60)
        own_server.trip("charges")
        for order in range(4):
            producer.send_task("charge", (order,))
        paths = [f"/charges?order={order}" for order in range(4)]
        eventually("all orders are charged", lambda: sorted(downstream.paths) == paths, within=60)
        eventually("the charges are reported", lambda: own_server.state("charges") == "closed")
    assert "Retry in" in log.read_text()
    producer.close()


def test_the_cron_job_is_not_run_while_billing_is_down(own_server: Server, downstream: Downstream) -> None:
    def run(**variables: str) -> subprocess.CompletedProcess[str]:
        job = ["--ignore-exit", "2", "billing", "--", str(EXAMPLES / "sync_invoices.py")]
        command = [BINARY, "run", "--url", own_server.url, *job]
        return subprocess.run(command, env=environment(**variables), capture_output=True, text=True, timeout=60)

    done = run(BILLING_URL=downstream.url)
    assert (done.returncode, done.stdout) == (0, "synced: good\n")
    assert run().returncode == 2
    downstream.status = 503
    assert [run(BILLING_URL=downstream.url).returncode for _ in range(6)] == [1, 1, 1, 1, 1, 75]
    assert len(downstream.paths) == 6
    assert own_server.breaker("billing")["last_failure"]["kind"] == "exit_1"
