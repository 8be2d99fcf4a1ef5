"""Describes the machine on which the figures were measured."""

import os
import platform
import re
import subprocess
from pathlib import Path

from bench.plan import ROOT, Bench, BenchError

# File systems in memory: a sync of them reaches no disk.
MEMORY_FILE_SYSTEMS = {"tmpfs", "ramfs", "ramdisk"}


def file_system(path: Path, mounts: str | None = None) -> str:
    """Returns the type of the file system of an existing folder.

    mounts: the text of /proc/self/mountinfo."""
    text = Path("/proc/self/mountinfo").read_text() if mounts is None else mounts
    nearest, kind = -1, "unknown"
    for line in text.splitlines():
        fields, _, tail = line.partition(" - ")
        mount_point = Path(fields.split()[4].encode().decode("unicode_escape"))
        holds = path == mount_point or mount_point in path.parents
        # A later mount at the same path covers an earlier one.
        if holds and len(str(mount_point)) >= nearest:
            nearest, kind = len(str(mount_point)), tail.split()[0]
    return kind


def require_disk(path: Path) -> None:
    kind = file_system(path.resolve())
    if kind in MEMORY_FILE_SYSTEMS:
        raise BenchError(
            f"{path} is on {kind}, where a sync costs nothing, so the figures of every durable row would be too good; "
            "pass a folder on a disk with --data"
        )


def load() -> float:
    """Returns how many processes ran or were ready to run, on average over the last minute."""
    return os.getloadavg()[0]


def description(bench: Bench, load_before: float) -> dict[str, str]:
    """Describes the machine. load_before: the value of `load` before the first measurement."""
    memory = re.search(r"MemTotal:\s+(\d+)", Path("/proc/meminfo").read_text())
    model = re.search(r"model name\s*:\s*(.+)", Path("/proc/cpuinfo").read_text())
    return {
        "processor": f"{model[1] if model else platform.machine()}, {os.cpu_count()} cores",
        "memory": f"{int(memory[1]) / 1024 / 1024:.0f} GiB" if memory else "unknown",
        "kernel": f"{platform.system()} {platform.release()}",
        "file system": file_system(bench.data.resolve()),
        "load before": f"{load_before:.2f}",
        "Fusebox": commit(),
        "Swift": first_match(r"Swift version (\S+)", "swift", "--version"),
        "SQLite": first_match(r"(\S+)", str(bench.limits / "sqlite-limit"), "--version"),
        "Redis": first_match(r"v=(\S+)", "redis-server", "--version"),
        "wrk": first_match(r"wrk (\S+)", "wrk", "-v"),
        "Python": first_match(r"Python (\S+)", str(bench.python), "--version"),
        "PyBreaker": first_match(r"Version: (\S+)", str(bench.python), "-m", "pip", "show", "pybreaker"),
        "redis (Python)": first_match(r"Version: (\S+)", str(bench.python), "-m", "pip", "show", "redis"),
    }


def commit() -> str:
    """Returns the measured commit, and whether its sources were changed."""
    revision = output("git", "-C", str(ROOT), "rev-parse", "--short=12", "HEAD").strip() or "unknown"
    changed = output("git", "-C", str(ROOT), "status", "--porcelain", "--", "Sources", "Package.swift", "migrations")
    return f"{revision} with changes" if changed.strip() else revision


def first_match(pattern: str, *command: str) -> str:
    match = re.search(pattern, output(*command))
    return match[1] if match else "unknown"


def output(*command: str) -> str:
    """Returns the output of a command; empty if the command is missing."""
    try:
        return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60).stdout
    except OSError:
        return ""
