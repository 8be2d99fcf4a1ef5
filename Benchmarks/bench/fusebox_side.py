"""Measures breakers in Fusebox under load."""

import json
import random
from typing import Any

from bench.figures import Sample
from bench.loads import Request, wrk
from bench.plan import CONNECTIONS, Bench
from bench.scenario import MIX_REPORTS_PER_FAILURE, Load, Totals, breaker_name, check
from bench.servers import FuseboxServer

# How often a mix acquires each breaker before the sequence of requests repeats.
MIX_ROUNDS = 10
# Different bodies of batches that are spread over many breakers.
SPREAD_BODIES = 100


def configuration(load: Load) -> str:
    """Returns the policy of all breakers. If failures must not open them, the only default rule is off."""
    if load.state == "open":
        return "default: { policy: { recovery_timeout_ms: 3600000, recovery_timeout_max_ms: 3600000 } }\n"
    if load.event == "report" and load.outcome == "failure":
        return "default: { policy: { failure_threshold: null } }\n"
    return ""


def report_path(name: str, outcome: str, permit: str) -> str:
    tail = "&kind=timeout&reporter=bench-1" if outcome == "failure" else "&reporter=bench-1"
    return f"/v1/breakers/{name}/report?outcome={outcome}&permit={permit}{tail}"


def report_with_body(name: str, outcome: str, permit: str) -> Request:
    fields = {"outcome": outcome, "permit": permit, "reporter": "bench-1"}
    if outcome == "failure":
        fields["kind"] = "timeout"
    return Request(f"/v1/breakers/{name}/report", json.dumps(fields, separators=(",", ":")))


def batch(items: list[tuple[str, str]], outcome: str, count: int = 1) -> Request:
    """Returns a batch with a report of the same outcome for each name and permit."""

    def item(name: str, permit: str) -> dict[str, Any]:
        fields: dict[str, Any] = {"name": name, "outcome": outcome, "permit": permit, "reporter": "bench-1"}
        if outcome == "failure":
            fields["kind"] = "timeout"
        if count > 1:
            fields["count"] = count
        return fields

    reports = [item(name, permit) for name, permit in items]
    return Request("/v1/reports", json.dumps({"reports": reports}, separators=(",", ":")))


def requests(load: Load, permits: dict[str, str], order: random.Random) -> list[Request]:
    """Returns the requests to send, in turn, to breakers with these permits."""
    names = list(permits)
    if load.event == "acquire":
        return [Request(f"/v1/breakers/{name}/acquire") for name in names]
    if load.event == "mix":
        return mix(permits, order, load.has_bodies)
    if load.outcomes_per_request == 1:
        return [Request(report_path(name, load.outcome, permits[name])) for name in names]
    bodies = 1 if load.breakers == 1 else SPREAD_BODIES
    return [
        batch([(name, permits[name]) for name in order.choices(names, k=load.batch)], load.outcome, load.count)
        for _ in range(bodies)
    ]


def mix(permits: dict[str, str], order: random.Random, has_bodies: bool = False) -> list[Request]:
    """Returns an acquire, a report, an acquire and so on; each breaker gets the same number of requests."""
    sent: list[Request] = []
    for _ in range(MIX_ROUNDS):
        asking, reporting = (order.sample(list(permits), k=len(permits)) for _ in range(2))
        for place, (asker, reporter) in enumerate(zip(asking, reporting), start=1):
            outcome = "failure" if place % MIX_REPORTS_PER_FAILURE == 0 else "success"
            sent.append(Request(f"/v1/breakers/{asker}/acquire"))
            if has_bodies:
                sent.append(report_with_body(reporter, outcome, permits[reporter]))
            else:
                sent.append(Request(report_path(reporter, outcome, permits[reporter])))
    return sent


def totals(server: FuseboxServer) -> Totals:
    states: dict[str, int] = {}
    calls = failures = 0
    for breaker in server.breakers():
        states[breaker["state"]] = states.get(breaker["state"], 0) + 1
        calls += breaker["counts"]["calls"]
        failures += breaker["counts"]["failures"]
    return Totals(calls, failures, states)


def measure_fusebox(bench: Bench, load: Load) -> Sample:
    with bench.folder() as folder, FuseboxServer(folder, bench.fusebox, configuration(load)) as server:
        names = [breaker_name(index) for index in range(load.breakers)]
        permits = {name: server.ask("POST", f"/v1/breakers/{name}/acquire")["permit"] for name in names}
        while load.state == "open" and totals(server).states != {"open": load.breakers}:
            server.ask("POST", report_path(names[0], "failure", permits[names[0]]))

        sent = requests(load, permits, random.Random(1))
        wrk(folder, server.port, sent, bench.plan.warm_up_seconds, CONNECTIONS)
        before = totals(server)
        result = wrk(folder, server.port, sent, bench.plan.seconds, CONNECTIONS)
        check(load, before, totals(server), result.requests * load.outcomes_per_request)
        return {
            "rate": result.rate * load.outcomes_per_request, "p50_us": result.p50_us, "p99_us": result.p99_us,
            "p999_us": result.p999_us, "max_us": result.max_us,
        }
