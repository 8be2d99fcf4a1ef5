"""`make bench`: measures all rows, or some, and writes the results."""

import argparse
import json
import shutil
import signal
import sys
import time
from pathlib import Path
from typing import Any

from bench import machine
from bench.fair import fairness
from bench.figures import Results, number
from bench.growth import growth
from bench.plan import BUILD, FULL, QUICK, ROOT, Bench, BenchError, Plan
from bench.report import document
from bench.rows import ROWS
from bench.scenario import Scenario
from bench.subscribers import streams


# The highest load of a machine that counts as idle.
IDLE_LOAD = 0.5


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench ARGS=…", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="measure each row once, for a second, as a smoke test")
    parser.add_argument("--only", action="append", metavar="ROW", help="measure a row, or all rows that begin with "
                        "ROW: acquire, report-success, batch, growth, stream, fair; may be repeated")
    parser.add_argument("--list", action="store_true", help="list the rows and exit")
    parser.add_argument("--output", type=Path, help="the file for the results (default: Benchmarks/RESULTS.md for "
                        "all rows; .build/bench-results.md for some rows or with --quick)")
    parser.add_argument("--data", type=Path, default=BUILD / "bench-data", metavar="DIR",
                        help="a folder on a disk for the servers' data (default: %(default)s)")
    return parser.parse_args()


def chosen(scenarios: list[Scenario], only: list[str] | None) -> list[Scenario]:
    """Returns the scenarios that `only` names, in full or by their first words."""
    if not only:
        return scenarios
    for name in only:
        if not any(matches(each.key, name) for each in scenarios):
            raise BenchError(f"--only {name}: no such row; --list shows the rows")
    return [each for each in scenarios if any(matches(each.key, name) for name in only)]


def matches(key: str, name: str) -> bool:
    return key == name or key.startswith(name + "-")


def bench(plan: Plan, data: Path) -> Bench:
    return Bench(
        plan=plan, data=data, fusebox=BUILD / "release/fusebox",
        client=BUILD / "release/client-benchmark", limits=BUILD / "bench-limits/release",
        python=BUILD / "bench-venv/bin/python",
    )


def require(bench: Bench) -> None:
    """Raises BenchError if a tool is missing."""
    for tool in ("wrk", "redis-server", "redis-cli", "redis-benchmark"):
        if shutil.which(tool) is None:
            raise BenchError(f"{tool} is not in PATH; run Benchmarks/setup to install it")
    for file in (bench.fusebox, bench.client, bench.limits / "nio-limit", bench.python):
        if not file.exists():
            raise BenchError(f"{file} does not exist; run make bench to build it")
    bench.data.mkdir(parents=True, exist_ok=True)
    machine.require_disk(bench.data)


def measure(bench: Bench, scenarios: list[Scenario]) -> tuple[Results, list[str]]:
    """Measures every side of a scenario in turn, so that a temporary slowdown of the machine affects all sides alike.
    Returns the samples and the faults. A scenario with a fault has no samples; the others are not affected."""
    results, faults = Results(), []
    for scenario in scenarios:
        try:
            measure_scenario(bench, scenario, results)
        except BenchError as error:
            results.samples.pop(scenario.key, None)
            faults.append(f"{scenario.key}: {error}")
            print(faults[-1], file=sys.stderr, flush=True)
    return results, faults


def measure_scenario(bench: Bench, scenario: Scenario, results: Results) -> None:
    plan = bench.plan
    repetitions = plan.growth_repetitions if scenario.key.startswith("growth-") else plan.repetitions
    for _ in range(1 if scenario.once else repetitions):
        for side, measurement in scenario.sides.items():
            sample = measurement(bench)
            results.add(scenario.key, side, sample)
            figures = ", ".join(f"{name} {number(value)}" for name, value in sample.items())
            print(f"{scenario.key:22} {side:16} {figures}", flush=True)


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


SIGNALS = (signal.SIGINT, signal.SIGTERM)


def handle_signals(handler: Any) -> None:
    for each in SIGNALS:
        signal.signal(each, handler)


def stop(*_: object) -> None:
    # A second signal would interrupt the end of the servers.
    handle_signals(signal.SIG_IGN)
    raise KeyboardInterrupt


def run(options: argparse.Namespace) -> None:
    plan = QUICK if options.quick else FULL
    scenarios = chosen(ROWS + growth(plan) + streams(plan) + fairness(), options.only)
    if options.list:
        print("\n".join(f"{each.key:22} {each.title} ({', '.join(each.sides)})" for each in scenarios))
        return
    environment = bench(plan, options.data)
    require(environment)
    began, load_before = time.monotonic(), machine.load()
    if load_before > IDLE_LOAD and not options.quick:
        print(f"bench: the load of the last minute is {load_before:.1f}. Unless the build caused it, another program "
              "is running, and the figures will not be reliable.", file=sys.stderr, flush=True)

    results, faults = measure(environment, scenarios)
    write(BUILD / "bench-results.json", json.dumps(results.samples, indent=1))
    whole = not options.quick and not options.only and not faults
    path = options.output or (ROOT / "Benchmarks/RESULTS.md" if whole else BUILD / "bench-results.md")
    text = document(results, machine.description(environment, load_before), plan, options.quick)
    write(path, text)
    print(f"\n{text}\n{path}, {time.monotonic() - began:.0f} s; every sample: {BUILD / 'bench-results.json'}")
    if faults:
        raise BenchError("some rows could not be measured:\n" + "\n".join(faults))


def main() -> None:
    # On a signal the driver ends its servers as at Ctrl-C, also if a shell made it ignore SIGINT.
    handle_signals(stop)
    try:
        run(arguments())
    except BenchError as error:
        sys.exit(f"bench: {error}")
    except KeyboardInterrupt:
        sys.exit("bench: stopped; no results were written")


if __name__ == "__main__":
    main()
