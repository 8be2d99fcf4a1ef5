"""The classification of an exception group by the exceptions that it contains."""

from __future__ import annotations

import asyncio
import concurrent.futures
import sys
from typing import Any, Optional

import pytest
from server import Server, eventually

from fusebox import BreakerOpen, Fusebox
from fusebox.classification import Classification
from fusebox.kinds import kind_of
from fusebox.pybreaker import CircuitBreaker

if sys.version_info < (3, 11):
    from exceptiongroup import BaseExceptionGroup, ExceptionGroup  # A dependency of pytest.

DENIED = BreakerOpen("inner", "open")


class BatchFailed(ExceptionGroup[Exception]):
    pass


def group(*errors: Exception) -> Exception:
    return ExceptionGroup("several", errors)


@pytest.mark.parametrize(
    ("options", "error", "outcome", "kind"),
    [
        ({}, group(DENIED), "ignored", None),
        ({}, group(DENIED, concurrent.futures.CancelledError()), "ignored", None),
        ({}, BaseExceptionGroup("", [asyncio.CancelledError(), KeyboardInterrupt()]), "ignored", None),
        ({}, BaseExceptionGroup("", [KeyboardInterrupt(), TimeoutError()]), "failure", "timeout"),
        ({}, group(DENIED, ConnectionError()), "failure", "connection"),
        ({}, group(group(DENIED), group(group(DENIED, TimeoutError()), KeyError())), "failure", "timeout"),
        ({"ignore": ValueError}, group(ValueError(), group(UnicodeError())), "ignored", None),
        ({"ignore": ValueError}, group(ValueError(), OSError()), "failure", "os_error"),
        ({"failures": OSError}, group(ValueError(), KeyError()), "ignored", None),
        ({"failures": OSError}, group(ValueError(), ConnectionError()), "failure", "connection"),
        ({"failures": lambda error: "5" in str(error)}, group(ValueError("404"), ValueError("503")), "failure", None),
        ({"failures": lambda error: "several" in str(error)}, group(ValueError("404")), "ignored", None),
        ({"failures": BatchFailed}, BatchFailed("", [ValueError()]), "failure", "value_error"),
        ({"failures": BatchFailed}, group(ValueError()), "ignored", None),
        ({"ignore": (KeyError, BatchFailed)}, BatchFailed("", [ValueError()]), "ignored", None),
    ],
)
def test_a_group_is_a_failure_if_it_contains_one(
    options: dict[str, Any], error: BaseException, outcome: str, kind: Optional[str]
) -> None:
    judged = Classification(**options).of_error(error)
    assert judged[0] == outcome
    assert kind is None or judged[1] == kind


def test_a_group_has_the_kind_of_its_first_exception() -> None:
    assert kind_of(group(group(TimeoutError()), KeyError())) == "timeout"


@pytest.mark.parametrize(
    ("error", "counted"),
    [
        (group(ValueError(), group(UnicodeError())), (1, 0)),
        (group(ValueError(), ConnectionError()), (1, 1)),
        (BatchFailed("", [ConnectionError()]), (1, 0)),
        (BaseExceptionGroup("", [asyncio.CancelledError(), KeyboardInterrupt()]), (0, 0)),
        (BaseExceptionGroup("", [asyncio.CancelledError(), ConnectionError()]), (1, 1)),
        (BaseExceptionGroup("", [asyncio.CancelledError(), ValueError()]), (1, 0)),
    ],
)
def test_a_circuit_breaker_judges_a_group_by_its_exceptions(
    server: Server, remote: Fusebox, name: str, error: BaseException, counted: tuple[int, int]
) -> None:
    server.put_counting(name)
    circuit = CircuitBreaker(name=name, fusebox=remote, exclude=[ValueError, BatchFailed])

    def fail() -> None:
        raise error

    with pytest.raises(type(error)):
        circuit.call(fail)
    assert remote.flush(5)
    eventually("the call is counted", lambda: server.counted(name) == counted)
    if counted == (1, 1):
        assert server.breaker(name)["last_failure"]["kind"] == "connection"
