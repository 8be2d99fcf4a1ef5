"""The course of an outage: all is well, payments die, stay dead for some openings, and come back."""

from __future__ import annotations

import pathlib
from collections.abc import Callable
from time import monotonic
from typing import NamedTuple

from processes import gunicorn
from server import Server

from .crowd import Answer, Crowd
from .payments import Payments


class Setting(NamedTuple):
    breaker: str
    workers: int = 16
    customers: int = 32
    #: Seconds: of the call to payments, and that a breaker stays open.
    timeout: float = 1.0
    recovery: float = 5.0
    #: Seconds that payments stay dead, and at least until all processes deny.
    outage: float = 20.0


class Course(NamedTuple):
    #: Failures that were counted until all processes denied.
    failures: int
    #: Calls that were made to payments while they were dead, without probes.
    calls_to_the_dead: int
    probes_to_the_dead: int
    #: Calls that found out that payments are back.
    probes_at_recovery: int
    #: Seconds from the death until the last call that was no probe, and from the return until every process sold.
    until_spared: float
    until_back: float
    failed: list[Answer]
    denied: list[Answer]


async def go_through(setting: Setting, folder: pathlib.Path) -> Course:
    server = Server(folder)
    payments = Payments()
    try:
        await payments.start()
        server.put("payments", recovery_timeout_ms=round(setting.recovery * 1_000))
        variables = {
            "BREAKER": setting.breaker,
            "FUSEBOX_URL": server.url,
            "PAYMENTS_URL": payments.url,
            "TIMEOUT": str(setting.timeout),
            "RECOVERY": str(setting.recovery),
        }
        with gunicorn(folder / "gunicorn.log", "outage.app:app", setting.workers, **variables) as url:
            crowd = Crowd(url, setting.customers)
            try:
                return await _outage(setting, crowd, payments, lambda: _counted(server))
            finally:
                await crowd.go_home()
    finally:
        payments.close()
        server.close()


def _counted(server: Server) -> int:
    """The failures that are on record before the first opening."""
    transitions = server.ask("GET", "/v1/breakers/payments/transitions")["transitions"]
    opened = min(each["at"] for each in transitions if each["to"] == "open")
    failures = server.ask("GET", "/v1/breakers/payments/failures")["failures"]
    return sum(failure.get("count", 1) for failure in failures if failure["at"] <= opened)


async def _outage(setting: Setting, crowd: Crowd, payments: Payments, counted: Callable[[], int]) -> Course:
    began = monotonic()

    def have(status: int, since: float) -> Callable[[], bool]:
        return lambda: len(crowd.processes(since, status)) == setting.workers

    await crowd.until("every process sells", have(200, began))
    payments.is_dead, died = True, monotonic()
    await crowd.until("every process denies", have(503, died))
    denied = crowd.since(died, 503)
    first = {answer.process: answer for answer in reversed(denied)}
    failures = counted() if setting.breaker == "fusebox" else sum(answer.body["failures"] for answer in first.values())
    await crowd.until("it is time", lambda: monotonic() > died + setting.outage)
    probes = payments.count(True, True)
    payments.is_dead, returned = False, monotonic()
    before = payments.count(False, True)
    await crowd.until("every process sells again", have(200, returned))
    return Course(
        failures=failures,
        calls_to_the_dead=payments.count(True, False),
        probes_to_the_dead=probes,
        probes_at_recovery=payments.count(False, True) - before,
        until_spared=payments.last_in_vain - died,
        until_back=monotonic() - returned,
        failed=[answer for answer in crowd.answers if answer.at >= died and answer.status == 502],
        denied=crowd.since(died, 503),
    )
