"""What ``fork`` may not share: locks, threads, connections, and outcomes that the parent sends."""

from __future__ import annotations

import atexit
import multiprocessing
import multiprocessing.util
import os
import time
import weakref
from typing import Protocol

#: Seconds that an end may wait for outcomes to be sent.
FAREWELL = 1.0
#: And those, behind that, that threads have to notice that what they wait for has been ended.
GRACE = 0.25


class Forked(Protocol):
    """Who has something of the kind."""

    def after_fork(self) -> None:
        """In the child, before anything else runs there: begins anew, and waits for no lock of the parent's."""


_forked: weakref.WeakSet[Forked] = weakref.WeakSet()


def register(forked: Forked) -> None:
    """For as long as it lives."""
    _forked.add(forked)


def _after_fork_in_child() -> None:
    for each in list(_forked):
        each.after_fork()


class Closable(Protocol):
    def hurry(self) -> None:
        """Begins to send what waits, and waits for nothing."""

    def farewell(self) -> None:
        """Does so for the last time."""

    def flush(self, within: float) -> bool:
        """Waits until all is sent that waits, for so many seconds."""

    def close(self, until: float) -> None:
        """Ends, and waits for what is sent up to an instant of ``time.monotonic()``."""

    def join(self, until: float) -> None:
        """Waits for its threads, up to such an instant."""


_open: set[Closable] = set()


def close_at_end(closable: Closable) -> None:
    """Has it closed when this process ends, or a child that has it from this one. Until then it is kept."""
    _open.add(closable)


def close(*closing: Closable) -> None:
    """Ends all of them at once, so that one that is away takes none of their time from the others."""
    _open.difference_update(closing)
    until = time.monotonic() + FAREWELL
    for each in closing:
        each.farewell()
    for each in closing:
        each.close(until)
    until = max(until, time.monotonic() + GRACE)
    for each in closing:
        each.join(until)


def flush_all(within: float = FAREWELL) -> None:
    """Has all that are open send what waits, for so many seconds together."""
    until = time.monotonic() + within
    flushing = list(_open)
    for each in flushing:
        each.hurry()
    for each in flushing:
        each.flush(max(until - time.monotonic(), 0.0))


def _close_all() -> None:
    close(*_open)


def _close_at_end_of_child(forked: object) -> None:
    multiprocessing.util.Finalize(None, _close_all, exitpriority=0)


# Before whatever a program registers, so that it runs behind that.
atexit.register(_close_all)
# A child of multiprocessing ends without atexit, and forgets at its beginning what its parent registered.
multiprocessing.util.register_after_fork(_forked, _close_at_end_of_child)
if multiprocessing.parent_process() is not None:
    _close_at_end_of_child(_forked)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)
