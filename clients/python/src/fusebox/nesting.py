"""Calls within calls: a call under a breaker that already protects the running call is part of that call."""

from __future__ import annotations

import functools
import inspect
from contextvars import ContextVar
from types import FrameType
from typing import Optional

#: Marks a running call in its context, and in those that are copied from it meanwhile: tasks, and threads that are
#: given one. It is a list of one, for nothing is made and emptied faster: the kind of the failure that the last call
#: within it has not raised, and ``None`` where there was none. It is empty once the call is over.
Mark = list[Optional[str]]
Running = ContextVar[Optional[Mark]]

_GENERATORS = inspect.CO_GENERATOR | inspect.CO_ASYNC_GENERATOR


@functools.lru_cache(maxsize=None)
def running(url: str, name: str, process: int) -> Running:
    """The mark of the call that runs under a breaker of a server, which all ``Fusebox`` of this server share.

    Kept for good: a context keeps each variable that was ever set in it.

    Args:
        process: its id. A call that was running when a child was forked is its parent's.
    """
    return ContextVar(f"fusebox_running_{name}", default=None)


def note(mark: Mark, failure: Optional[str]) -> bool:
    """Notes on a running call the kind of a failure within it, or that there is none so far; ``False`` where it is
    over."""
    try:
        mark[0] = failure
    except IndexError:
        return False
    return True


def is_read(frame: FrameType) -> bool:
    """Whether ``frame`` is of a generator that a loop reads, whose code then runs amid each block of the generator; and
    not of one that ``contextlib`` makes a block of its own of."""
    reader = frame.f_back
    is_generator = bool(frame.f_code.co_flags & _GENERATORS)
    return is_generator and (reader is None or reader.f_globals.get("__name__") != "contextlib")
