"""The classification of exceptions and results, and the kinds of failures."""

from __future__ import annotations

import asyncio
import concurrent.futures
import io
import socket
import urllib.error
from email.message import Message
from typing import Any, Optional

import httpx
import pytest

from fusebox import BreakerOpen
from fusebox.classification import Classification
from fusebox.kinds import kind_of

REQUEST = httpx.Request("GET", "http://127.0.0.1/")


class HTTPServerBusy(Exception):
    pass


class Strange(Exception):
    def __getattr__(self, name: str) -> Any:
        if name in ("response", "status_code"):
            raise RuntimeError("no such thing here")
        raise AttributeError(name)


class ReadTimeoutError(TimeoutError):
    pass


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (TimeoutError(), "timeout"),
        (asyncio.TimeoutError(), "timeout"),
        (socket.timeout(), "timeout"),
        (concurrent.futures.TimeoutError(), "timeout"),
        (httpx.ConnectTimeout(""), "timeout"),
        (httpx.PoolTimeout(""), "timeout"),
        (ReadTimeoutError(), "timeout"),
        (ConnectionRefusedError(), "connection"),
        (BrokenPipeError(), "connection"),
        (httpx.ConnectError(""), "connection"),
        (httpx.ReadError(""), "connection"),
        (socket.gaierror(), "connection"),
        (httpx.HTTPStatusError("", request=REQUEST, response=httpx.Response(503)), "http_503"),
        (urllib.error.HTTPError("http://127.0.0.1/", 502, "", Message(), io.BytesIO()), "http_502"),
        (ZeroDivisionError(), "zero_division_error"),
        (HTTPServerBusy(), "http_server_busy"),
        (KeyError("x"), "key_error"),
        (Strange(), "strange"),
        (type("X" * 100, (Exception,), {})(), "x" * 64),
        (type("_", (Exception,), {})(), "error"),
    ],
)
def test_a_failure_has_a_short_kind(error: Exception, kind: str) -> None:
    assert kind_of(error) == kind
    if isinstance(error, urllib.error.HTTPError):
        error.close()


@pytest.mark.parametrize(
    ("options", "error", "outcome"),
    [
        ({}, ValueError(), "failure"),
        ({}, KeyboardInterrupt(), "ignored"),
        ({}, SystemExit(), "ignored"),
        ({}, GeneratorExit(), "ignored"),
        ({}, asyncio.CancelledError(), "ignored"),
        ({}, concurrent.futures.CancelledError(), "ignored"),
        ({}, BreakerOpen("inner", "open"), "ignored"),
        ({"failures": BaseException}, KeyboardInterrupt(), "ignored"),
        ({"failures": (BreakerOpen, ValueError)}, BreakerOpen("inner", "open"), "failure"),
        ({"failures": ArithmeticError}, ZeroDivisionError(), "failure"),
        ({"failures": ArithmeticError}, ValueError(), "ignored"),
        ({"failures": (KeyError, OSError)}, ConnectionError(), "failure"),
        ({"failures": ()}, ValueError(), "ignored"),
        ({"ignore": ValueError}, UnicodeError(), "ignored"),
        ({"ignore": (ValueError,)}, KeyError(), "failure"),
        ({"failures": OSError, "ignore": ConnectionError}, ConnectionResetError(), "ignored"),
        ({"failures": lambda error: "5" in str(error)}, ValueError("503"), "failure"),
        ({"failures": lambda error: "5" in str(error)}, ValueError("404"), "ignored"),
        ({"ignore": lambda error: "4" in str(error)}, ValueError("404"), "ignored"),
    ],
)
def test_an_exception_counts_as_a_failure_or_is_ignored(
    options: dict[str, Any], error: BaseException, outcome: str
) -> None:
    assert Classification(**options).of_error(error)[0] == outcome


@pytest.mark.parametrize(
    ("verdict", "result", "outcome", "kind"),
    [
        (None, 7, "success", None),
        (lambda result: False, 7, "success", None),
        (lambda result: None, 7, "success", None),
        (lambda result: True, 7, "failure", "result"),
        (lambda result: result.status_code >= 500, httpx.Response(503), "failure", "http_503"),
        (lambda result: result.status_code >= 500, httpx.Response(404), "success", None),
        (lambda result: "empty" if not result else None, [], "failure", "empty"),
        (lambda result: "e" * 65, 7, "failure", "e" * 64),
    ],
)
def test_a_result_is_a_success_unless_the_failed_function_says_otherwise(
    verdict: Any, result: object, outcome: str, kind: Optional[str]
) -> None:
    assert Classification(failed=verdict).of_result(result) == (outcome, kind)


@pytest.mark.parametrize("option", ["failures", "ignore"])
@pytest.mark.parametrize("value", ["ValueError", (ValueError, "x"), int, (int,), 3])
def test_an_option_that_names_no_exceptions_is_refused(option: str, value: Any) -> None:
    with pytest.raises(TypeError, match=option):
        Classification(**{option: value})


def test_the_failed_option_must_be_a_function() -> None:
    with pytest.raises(TypeError, match="failed must be a function"):
        Classification(failed=500)  # type: ignore[arg-type]
