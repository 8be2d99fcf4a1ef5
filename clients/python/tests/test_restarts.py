"""An application with several real processes keeps working while Fusebox is killed and restarted."""

from __future__ import annotations

import asyncio
import os
import pathlib
import time
from collections import Counter
from datetime import datetime
from time import monotonic

import pytest
from outage.crowd import Crowd
from outage.payments import Payments
from processes import gunicorn
from server import Server, eventually

WORKERS = 4
CUSTOMERS = 16
#: Times in seconds. The processes' panels are stale long before Fusebox is reachable again.
STALENESS = 1.0
ABSENCE = 3.0
#: The time in seconds of an outage in which payments fail and recover: they fail for a fifth of it.
#: A minute is meant for a manual run.
LONG_ABSENCE = float(os.environ.get("FUSEBOX_ABSENCE", "12"))


@pytest.mark.parametrize("unreachable", ["local", "allow", "deny"])
def test_no_request_fails_and_each_call_counts_once_when_fusebox_is_killed(
    tmp_path: pathlib.Path, unreachable: str
) -> None:
    asyncio.run(go_through(tmp_path, unreachable))


async def go_through(folder: pathlib.Path, unreachable: str) -> None:
    server, payments = Server(folder), Payments()
    payments.fails_each = 7
    try:
        await payments.start()
        server.put_counting("payments")
        variables = {
            "BREAKER": "fusebox",
            "FUSEBOX_URL": server.url,
            "PAYMENTS_URL": payments.url,
            "TIMEOUT": "30",
            "RECOVERY": "1",
            "UNREACHABLE": unreachable,
            "MAX_STALENESS": str(STALENESS),
        }
        log = folder / "gunicorn.log"
        with gunicorn(log, "outage.app:app", WORKERS, **variables) as url:
            crowd = Crowd(url, CUSTOMERS)
            try:
                for _ in range(2):
                    await restart(server, crowd, meanwhile=503 if unreachable == "deny" else 200)
                await crowd.finish()
            finally:
                await crowd.go_home()
            statuses = Counter(answer.status for answer in crowd.answers)
            calls = sum(payments.calls.values())
            assert statuses == Counter({200: calls - payments.failed, 502: payments.failed, 503: statuses[503]})
            assert (statuses[503] > 0) == (unreachable == "deny")
            eventually("each call is counted once", lambda: server.counted("payments") == (calls, payments.failed))
        assert log.read_text().count("Fusebox is unreachable") >= WORKERS
    finally:
        payments.close()
        server.close()


async def restart(server: Server, crowd: Crowd, meanwhile: int) -> None:
    """Kills Fusebox, and starts it again once all processes have decided alone for a while."""

    async def have_answered(status: int) -> None:
        since = monotonic()
        await crowd.until(f"all processes answer {status}", lambda: len(crowd.processes(since, status)) == WORKERS)

    await have_answered(200)
    server.kill()
    back = monotonic() + ABSENCE
    await crowd.until("the panels are stale", lambda: monotonic() > back)
    await have_answered(meanwhile)
    await asyncio.to_thread(server.start)
    counted = server.counted("payments")
    await crowd.until("the server counts calls again", lambda: server.counted("payments") > counted)
    await have_answered(200)


def test_old_failures_of_an_outage_open_no_breaker_and_are_stored_with_their_own_times(
    tmp_path: pathlib.Path,
) -> None:
    asyncio.run(go_through_failures(tmp_path))


async def go_through_failures(folder: pathlib.Path) -> None:
    server, payments = Server(folder), Payments()
    try:
        await payments.start()
        server.put("payments", recovery_timeout_ms=500, window_ms=3_600_000)
        generation = server.breaker("payments")["generation"]
        variables = {
            "BREAKER": "fusebox",
            "FUSEBOX_URL": server.url,
            "PAYMENTS_URL": payments.url,
            "TIMEOUT": "30",
            "RECOVERY": "1",
            "MAX_STALENESS": str(STALENESS),
        }
        with gunicorn(folder / "gunicorn.log", "outage.app:app", WORKERS, **variables) as url:
            crowd = Crowd(url, CUSTOMERS)
            try:
                failing = await fail_in_an_absence(server, crowd, payments)
                returned = monotonic()
                await crowd.until(
                    "all processes accept payments", lambda: len(crowd.processes(returned, 200)) == WORKERS
                )
                await crowd.finish()
            finally:
                await crowd.go_home()
            calls = sum(payments.calls.values())
            eventually("each call is counted once", lambda: server.counted("payments") == (calls, payments.failed))
            assert not crowd.since(returned, 503)
        print(f"outage of {LONG_ABSENCE:g} s: {payments.failed} of {calls} calls failed; the breaker stayed closed")
        assert server.breaker("payments")["generation"] == generation, "the breaker stays closed"
        log = server.ask("GET", "/v1/breakers/payments/failures?page_size=1000")["failures"]
        assert sum(each["count"] for each in log) == payments.failed > 0
        assert all(failing[0] <= instant(each["at"]) <= failing[1] for each in log)
        minutes = server.ask("GET", "/v1/breakers/payments/history")["points"]
        assert sum(each["failures"] for each in minutes) == payments.failed
        assert all(failing[0] - 60 < instant(each["at"]) <= failing[1] for each in minutes if each["failures"])
    finally:
        payments.close()
        server.close()


async def fail_in_an_absence(server: Server, crowd: Crowd, payments: Payments) -> tuple[float, float]:
    """Kills Fusebox, makes payments fail and recover, and restarts it. Returns the start and end of the failures."""

    async def sells(since: float) -> None:
        await crowd.until("all processes accept payments", lambda: len(crowd.processes(since, 200)) == WORKERS)

    await sells(0.0)
    server.kill()
    killed = monotonic()
    await crowd.until("the panels are stale", lambda: monotonic() > killed + STALENESS)
    failing = time.time()
    payments.fails_each = 1
    await crowd.until("all processes deny payments", lambda: len(crowd.processes(killed, 503)) == WORKERS)
    await crowd.until("payments have failed for a fifth of the outage", lambda: monotonic() > killed + LONG_ABSENCE / 5)
    payments.fails_each = 0
    # The last failures may end a little later.
    recovered, is_over = monotonic(), time.time() + 1.0
    await sells(recovered)
    await crowd.until("the failures are long past", lambda: monotonic() > max(recovered + 7.0, killed + LONG_ABSENCE))
    await asyncio.to_thread(server.start)
    return failing, is_over


def instant(text: str) -> float:
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()
