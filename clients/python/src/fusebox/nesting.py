"""Nested calls: a call under a breaker that already protects a running call is part of that running call."""

from __future__ import annotations

import functools
import inspect
from contextvars import ContextVar
from types import FrameType
from typing import Optional

#: Marks a running call in its context, and in copies of the context: in tasks, and in threads that get one. It is a
#: list, because nothing is created and emptied faster. While the call runs, the list has one element: the kind of the
#: failure of the last call within it, or ``None`` if that one did not fail. The list is empty once the call is over.
Mark = list[Optional[str]]
Running = ContextVar[Optional[Mark]]

_GENERATORS = inspect.CO_GENERATOR | inspect.CO_ASYNC_GENERATOR


@functools.lru_cache(maxsize=None)
def running(url: str, name: str, process: int) -> Running:
    """The context variable with the mark of the call that runs under a breaker. All ``Fusebox`` of a server share it.

    It is never freed, because a context keeps each variable that was ever set in it.

    Args:
        process: the id of this process. After fork() the child gets another variable: the running call is the parent's.
    """
    return ContextVar(f"fusebox_running_{name}", default=None)


def note(mark: Mark, failure: Optional[str]) -> bool:
    """Records the kind of a failure within a running call, or ``None``; returns ``False`` if that call is over."""
    try:
        mark[0] = failure
    except IndexError:
        return False
    return True


def is_read(frame: FrameType) -> bool:
    """Whether ``frame`` belongs to a generator that is read step by step: other code then runs during its blocks.

    ``False`` for a generator that ``contextlib`` makes a context manager of.
    """
    reader = frame.f_back
    is_generator = bool(frame.f_code.co_flags & _GENERATORS)
    return is_generator and (reader is None or reader.f_globals.get("__name__") != "contextlib")
