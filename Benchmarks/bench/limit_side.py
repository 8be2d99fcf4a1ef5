"""Measures the limits of this machine: static responders and plain SQLite commits."""

import json
import subprocess

from bench.figures import Sample
from bench.loads import Request, wrk
from bench.plan import Bench, BenchError
from bench.scenario import breaker_name
from bench.servers import LimitServer


def measure_responder(bench: Bench, program: str) -> Sample:
    """Measures a server that gives every acquire the same answer."""
    with bench.folder() as folder, LimitServer(folder, bench.limits / program) as server:
        sent = [Request(f"/v1/breakers/{breaker_name(0)}/acquire")]
        wrk(folder, server.port, sent, bench.plan.warm_up_seconds)
        result = wrk(folder, server.port, sent, bench.plan.seconds)
        return {"rate": result.rate, "p50_us": result.p50_us, "p99_us": result.p99_us}


def measure_sqlite(bench: Bench, rows_per_commit: int) -> Sample:
    """Measures how many failure rows one thread makes durable through SQLite's C interface."""
    with bench.folder() as folder:
        command = [
            str(bench.limits / "sqlite-limit"), str(folder / "limit.db"), str(rows_per_commit), str(bench.plan.seconds)
        ]
        result = subprocess.run(command, capture_output=True, text=True, start_new_session=True)
        if result.returncode != 0:
            raise BenchError(f"{command[0]} failed: {result.stderr}")
        said = json.loads(result.stdout)
        return {"rate": said["rows"] / said["seconds"]}
