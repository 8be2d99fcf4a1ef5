"""Exceptions that hold others: ``ExceptionGroup`` and what is shaped like it."""

from __future__ import annotations

from collections.abc import Iterator

#: By name: Python has them from 3.11 on, and packages have their own for earlier versions.
_NAMES = {"BaseExceptionGroup", "ExceptionGroup"}


def is_group_class(kind: type[BaseException]) -> bool:
    """Whether exceptions of this class hold others."""
    return any(base.__name__ in _NAMES for base in kind.__mro__)


def held_by(error: BaseException) -> Iterator[BaseException]:
    """The exceptions that ``error`` holds, of nested groups too, in order; itself where it is no group."""
    waiting = [error]
    while waiting:
        each = waiting.pop()
        if is_group_class(type(each)):
            waiting += reversed(each.exceptions)  # type: ignore[attr-defined]
        else:
            yield each
