"""What tests are given."""

from __future__ import annotations

import itertools
import pathlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from server import Server

from fusebox import Fusebox

pytest_plugins = ["downstream", "pybreaker_kit", "redis_server"]

_names = itertools.count(1)


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that tests share; each uses names of its own."""
    server = Server(tmp_path_factory.mktemp("server"))
    yield server
    server.close()


@pytest.fixture
def own_server(tmp_path: pathlib.Path) -> Iterator[Server]:
    """A server that a test may kill."""
    server = Server(tmp_path)
    yield server
    server.close()


@pytest.fixture
def name() -> str:
    """A breaker's name that no other test uses."""
    return f"breaker-{next(_names)}"


@pytest.fixture
def make() -> Iterator[Callable[..., Fusebox]]:
    """Makes a Fusebox for a server, with time enough on a busy machine: neither an answer nor a heartbeat that is a few
    seconds late has it decide alone. It is closed after the test."""
    made: list[Fusebox] = []

    def make(server: Server, **options: Any) -> Fusebox:
        made.append(Fusebox(server.url, **{"timeout": 5.0, "max_staleness": 30.0, "reporter": "test", **options}))
        return made[-1]

    yield make
    for each in made:
        each.close()


@pytest.fixture
def remote(server: Server, make: Callable[..., Fusebox]) -> Fusebox:
    return make(server, mode="remote")
