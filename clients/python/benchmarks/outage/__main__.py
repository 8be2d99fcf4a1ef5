"""Goes through the outage with either breaker, and prints a table.

python -m outage [--workers 16] [--customers 32]
"""

from __future__ import annotations

import argparse
import asyncio
import pathlib
import statistics
import tempfile

from .course import Course, Setting, go_through


def main() -> None:
    parser = argparse.ArgumentParser(prog="outage", description=__doc__)
    parser.add_argument("--workers", type=int, default=16)
    parser.add_argument("--customers", type=int, default=32)
    options = parser.parse_args()
    courses = []
    for breaker in ("pybreaker", "fusebox"):
        setting = Setting(breaker, workers=options.workers, customers=options.customers)
        with tempfile.TemporaryDirectory() as folder:
            courses.append(asyncio.run(go_through(setting, pathlib.Path(folder))))
    print(f"{options.workers} gunicorn workers, {options.customers} customers; payments hang for {setting.outage:g} s;")
    print(f"time-out {setting.timeout:g} s, breakers open for {setting.recovery:g} s\n")
    print("| | PyBreaker, one a process | Fusebox, one for all |\n|---|---:|---:|")
    for (name, theirs), (_, ours) in zip(rows(courses[0]), rows(courses[1])):
        print(f"| {name} | {theirs} | {ours} |")


def rows(course: Course) -> list[tuple[str, str]]:
    took = sorted(answer.took * 1_000 for answer in course.denied)
    failed = [answer.took * 1_000 for answer in course.failed]
    return [
        ("failures that open it everywhere", f"{course.failures}"),
        ("calls to the dead service, without probes", f"{course.calls_to_the_dead}"),
        ("seconds until the last of them", f"{course.until_spared:.1f}"),
        ("probes of the dead service", f"{course.probes_to_the_dead}"),
        ("probes that find it alive", f"{course.probes_at_recovery}"),
        ("seconds from its return until all processes sell", f"{course.until_back:.1f}"),
        ("customers who waited for the time-out", f"{len(failed)}"),
        ("… median wait, ms", f"{statistics.median(failed):.0f}"),
        ("denied with 503: median, ms", f"{statistics.median(took):.1f}"),
        ("denied with 503: p99, ms", f"{took[int(len(took) * 0.99)]:.1f}"),
    ]


if __name__ == "__main__":
    main()
