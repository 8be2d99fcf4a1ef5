"""Fixtures that run a test with PyBreaker and with the drop-in."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import pybreaker as original
import pytest
from server import Server

from fusebox import Fusebox
from fusebox import pybreaker as shared

_names = itertools.count(1)


@pytest.fixture(params=["pybreaker", "fusebox.pybreaker"])
def kit(request: pytest.FixtureRequest) -> Any:
    return original if request.param == "pybreaker" else shared


@pytest.fixture
def make_breaker(kit: Any, server: Server, make: Callable[..., Fusebox]) -> Callable[..., Any]:
    """Makes a circuit breaker of the kit. The drop-in's breakers have names that no other test uses."""
    if kit is original:
        return original.CircuitBreaker
    fusebox = make(server)

    def made(**options: Any) -> Any:
        return shared.CircuitBreaker(**{"name": f"circuit-{next(_names)}", "fusebox": fusebox, **options})

    return made
