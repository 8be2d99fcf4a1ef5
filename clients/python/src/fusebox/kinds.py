"""The kind of a failure: a short word in a report."""

from __future__ import annotations

import functools
import re
import socket
from typing import Any, Optional, cast

from .faults import judged, status_of, status_of_response
from .groups import held_by

#: The server's limit of a kind, in characters.
LONGEST = 64

#: The server's limit of a reporter's name, in characters.
LONGEST_REPORTER = 128

_TIMEOUTS = {"TimeoutError", "Timeout", "TimeoutException", "timeout"}
_CONNECTIONS = {"ConnectionError", "ConnectError", "NetworkError", "ClientConnectionError", "gaierror", "herror"}


def whole(text: str, longest: int) -> str:
    """The first ``longest`` characters of ``text``, with a question mark for each lone surrogate.

    ``os.fsdecode`` makes lone surrogates of bytes that are not UTF-8. The server would refuse the whole request.
    """
    return text[:longest].encode("utf-8", "replace").decode()


def word_of(kind: object) -> Optional[str]:
    """The word for a caller's ``kind``: a string, an exception or an integer; ``None`` for anything else."""
    if isinstance(kind, str):
        return whole(kind, LONGEST)
    if isinstance(kind, BaseException):
        return whole(kind_of(kind), LONGEST)
    return str(kind)[:LONGEST] if type(kind) is int else None


def kind_of(error: BaseException) -> str:
    """The kind of an exception: ``timeout``, ``connection``, ``http_503`` or the like; else its class in snake case.

    A group has the kind of the first exception in it.
    """
    error, verdict = judged(next(held_by(error), error))
    if isinstance(verdict, str):
        return verdict
    status = status_of(error)
    return _class_kind(cast(Any, type(error))) if status is None or status < 400 else f"http_{status}"


def kind_of_result(result: object) -> str:
    """The kind of a result: ``http_503`` for a response; ``result`` for an object without a status."""
    status = status_of_response(result)
    return "result" if status is None else f"http_{status}"


@functools.lru_cache(maxsize=1024)
def _class_kind(kind: Any) -> str:
    # Classes are compared by name, because their libraries may not be installed. Time-outs come first: some are
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
