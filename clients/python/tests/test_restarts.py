"""An application of several real processes goes on while Fusebox is killed beneath it, and started again."""

from __future__ import annotations

import asyncio
import pathlib
from collections import Counter
from time import monotonic

import pytest
from outage.crowd import Crowd
from outage.payments import Payments
from processes import gunicorn
from server import Server, eventually

WORKERS = 4
CUSTOMERS = 16
#: Seconds. What the processes know is stale long before Fusebox is back.
STALENESS = 1.0
ABSENCE = 3.0


@pytest.mark.parametrize("unreachable", ["local", "allow", "deny"])
def test_no_request_fails_because_fusebox_is_killed_and_each_call_counts_once(
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
        assert log.read_text().count("Fusebox is away") >= WORKERS
    finally:
        payments.close()
        server.close()


async def restart(server: Server, crowd: Crowd, meanwhile: int) -> None:
    """Kills Fusebox, and starts it again once all processes have decided alone for a while."""

    async def have_answered(status: int) -> None:
        since = monotonic()
        await crowd.until(f"all processes say {status}", lambda: len(crowd.processes(since, status)) == WORKERS)

    await have_answered(200)
    server.kill()
    back = monotonic() + ABSENCE
    await crowd.until("what they know is stale", lambda: monotonic() > back)
    await have_answered(meanwhile)
    await asyncio.to_thread(server.start)
    counted = server.counted("payments")
    await crowd.until("it counts again", lambda: server.counted("payments") > counted)
    await have_answered(200)
