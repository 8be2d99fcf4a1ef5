"""Fixtures for all tests."""

from __future__ import annotations

import itertools
import pathlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from server import Server, free_port

from fusebox import Fusebox

pytest_plugins = ["downstream", "pybreaker_kit", "redis_server"]

_names = itertools.count(1)


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that all tests share; each test uses its own breaker names."""
    server = Server(tmp_path_factory.mktemp("server"))
    yield server
    server.close()


@pytest.fixture
def own_server(tmp_path: pathlib.Path) -> Iterator[Server]:
    """A server for one test, which may kill it."""
    server = Server(tmp_path)
    yield server
    server.close()


@pytest.fixture
def name() -> str:
    """A breaker name that no other test uses."""
    return f"breaker-{next(_names)}"


@pytest.fixture
def make() -> Iterator[Callable[..., Fusebox]]:
    """Makes a Fusebox for a server and closes it after the test.

    Its time-outs suit a busy machine: it does not decide alone because an answer or a heartbeat is a few seconds late.
    """
    made: list[Fusebox] = []

    def make(server: Server, **options: Any) -> Fusebox:
        made.append(Fusebox(server.url, **{"timeout": 5.0, "max_staleness": 30.0, "reporter": "test", **options}))
        return made[-1]

    yield make
    for each in made:
        each.close()


@pytest.fixture
def offline() -> Iterator[Callable[..., Fusebox]]:
    """Makes a Fusebox whose server address accepts no connections, and closes it after the test."""
    made: list[Fusebox] = []

    def make(**options: Any) -> Fusebox:
        made.append(Fusebox(f"http://127.0.0.1:{free_port()}", **options))
        return made[-1]

    yield make
    for each in made:
        each.close()


@pytest.fixture
def remote(server: Server, make: Callable[..., Fusebox]) -> Fusebox:
    return make(server, mode="remote")
