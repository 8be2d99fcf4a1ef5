"""The short word that a report has for a failure."""

from __future__ import annotations

import functools
import re
import socket
from typing import Any, Optional, cast

from .faults import judged, status_of, status_of_response
from .groups import held_by

#: As many characters as the server takes.
LONGEST = 64

#: And of a reporter's name.
LONGEST_REPORTER = 128

_TIMEOUTS = {"TimeoutError", "Timeout", "TimeoutException", "timeout"}
_CONNECTIONS = {"ConnectionError", "ConnectError", "NetworkError", "ClientConnectionError", "gaierror", "herror"}


def whole(text: str, longest: int) -> str:
    """So much of ``text`` as the server reads: half of a surrogate pair, as ``os.fsdecode`` makes it of what is no
    UTF-8, has a question mark in its place. The server would refuse it, and what is sent with it."""
    return text[:longest].encode("utf-8", "replace").decode()


def word_of(kind: object) -> Optional[str]:
    """What a caller gives for a kind, as a word, be it the exception itself; ``None`` for what is none."""
    if isinstance(kind, str):
        return whole(kind, LONGEST)
    if isinstance(kind, BaseException):
        return whole(kind_of(kind), LONGEST)
    return str(kind)[:LONGEST] if type(kind) is int else None


def kind_of(error: BaseException) -> str:
    """``timeout``, ``connection``, ``http_503`` or the like; else the exception's class in snake case. A group has that
    of the first exception that it holds."""
    error, verdict = judged(next(held_by(error), error))
    if isinstance(verdict, str):
        return verdict
    status = status_of(error)
    return _class_kind(cast(Any, type(error))) if status is None or status < 400 else f"http_{status}"


def kind_of_result(result: object) -> str:
    """``http_503`` for a response; ``result`` for what has no status."""
    status = status_of_response(result)
    return "result" if status is None else f"http_{status}"


@functools.lru_cache(maxsize=1024)
def _class_kind(kind: Any) -> str:
    # By name, for a class of a library that is not imported cannot be named otherwise. Time-outs first: some are
    # connection errors as well.
    names = {base.__name__ for base in kind.__mro__}
    if names & _TIMEOUTS or issubclass(kind, socket.timeout):
        return "timeout"
    if names & _CONNECTIONS:
        return "connection"
    return _snake_case(kind.__name__)[:LONGEST]


def _snake_case(name: str) -> str:
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name)
    return words.strip("_").lower() or "error"
