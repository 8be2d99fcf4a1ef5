"""Exceptions that contain others: ``ExceptionGroup`` and its backports."""

from __future__ import annotations

from collections.abc import Iterator

#: Classes are compared by name: Python has them from 3.11 on, and packages define them for earlier versions.
_NAMES = {"BaseExceptionGroup", "ExceptionGroup"}


def is_group_class(kind: type[BaseException]) -> bool:
    """Whether exceptions of this class contain others."""
    return any(base.__name__ in _NAMES for base in kind.__mro__)


def held_by(error: BaseException) -> Iterator[BaseException]:
    """The exceptions in ``error`` and its nested groups, in order; ``error`` itself if it is not a group."""
    waiting = [error]
    while waiting:
        each = waiting.pop()
        if is_group_class(type(each)):
            waiting += reversed(each.exceptions)  # type: ignore[attr-defined]
        else:
            yield each
