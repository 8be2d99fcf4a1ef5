"""Measures one worker in Python, one call at a time."""

import json
import subprocess
from pathlib import Path

from bench.figures import Sample
from bench.fusebox_side import configuration
from bench.plan import ROOT, Bench, BenchError
from bench.scenario import FAILURE_THRESHOLD, Load
from bench.servers import FuseboxServer, RedisServer

WORKERS = ROOT / "Benchmarks/workers"


def work(bench: Bench, program: Path, port: int, state: str, seconds: float) -> Sample:
    command = [str(bench.python), str(program), str(port), state, str(seconds)]
    result = subprocess.run(command, capture_output=True, text=True, start_new_session=True)
    if result.returncode != 0:
        raise BenchError(f"{program.name} failed: {result.stderr}")
    said = json.loads(result.stdout)
    return {"us": said["us"], "calls": said["calls"]}


def measure_pybreaker(bench: Bench, state: str, appendfsync: str) -> Sample:
    with bench.folder() as folder, RedisServer(folder, appendfsync) as server:
        work(bench, WORKERS / "pybreaker_calls.py", server.port, state, bench.plan.warm_up_seconds / 4)
        before = server.commands_processed()
        sample = work(bench, WORKERS / "pybreaker_calls.py", server.port, state, bench.plan.seconds)
        return sample | {"round_trips": (server.commands_processed() - before) / sample["calls"]}


def measure_http_client(bench: Bench, state: str) -> Sample:
    load = Load("acquire", state=state)
    with bench.folder() as folder, FuseboxServer(folder, bench.fusebox, configuration(load)) as server:
        for _ in range(FAILURE_THRESHOLD if state == "open" else 0):
            server.ask("POST", "/v1/breakers/bench/report?outcome=failure")
        work(bench, WORKERS / "fusebox_calls.py", server.port, state, bench.plan.warm_up_seconds / 4)
        before = server.breaker("bench")["counts"]["calls"]
        sample = work(bench, WORKERS / "fusebox_calls.py", server.port, state, bench.plan.seconds)
        breaker = server.breaker("bench")
        rise = breaker["counts"]["calls"] - before
        if breaker["state"] != state or rise != (sample["calls"] if state == "closed" else 0):
            raise BenchError(
                f"{sample['calls']:.0f} calls were made, {rise} counted by a breaker that is {breaker['state']}"
            )
        return sample
