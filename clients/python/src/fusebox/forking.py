"""Handles ``fork`` and the end of the process.

A child must not share the parent's locks, threads, connections, or outcomes that the parent sends.
"""

from __future__ import annotations

import atexit
import multiprocessing
import multiprocessing.util
import os
import time
import weakref
from typing import Protocol

#: Seconds for sending the waiting outcomes at the end.
FAREWELL = 1.0
#: The least seconds after that for threads to notice that their connections are closed.
GRACE = 0.25


class Forked(Protocol):
    """An object with locks, threads or connections."""

    def after_fork(self) -> None:
        """Begins again in the child, before other code runs there. It must not take a lock of the parent."""


_forked: weakref.WeakSet[Forked] = weakref.WeakSet()


def register(forked: Forked) -> None:
    """Calls ``after_fork`` of ``forked`` in each child, for as long as ``forked`` lives."""
    _forked.add(forked)


def _after_fork_in_child() -> None:
    for each in list(_forked):
        each.after_fork()


class Closable(Protocol):
    """An object that sends outcomes, and has to be closed."""

    def hurry(self) -> None:
        """Starts to send the waiting outcomes. Does not wait."""

    def farewell(self) -> None:
        """Does the same as ``hurry`` for the last time, before ``close``."""

    def flush(self, within: float) -> bool:
        """Waits until the waiting outcomes are sent, for at most ``within`` seconds."""

    def close(self, until: float) -> None:
        """Closes it. Waits for outcomes to be sent until ``until`` by ``time.monotonic()``."""

    def join(self, until: float) -> None:
        """Waits for the threads to end, until ``until`` by ``time.monotonic()``."""


_open: set[Closable] = set()


def close_at_end(closable: Closable) -> None:
    """Keeps ``closable``, and closes it at the end of this process. A child closes its copy at its own end."""
    _open.add(closable)


def close(*closing: Closable) -> None:
    """Closes all of them at the same time, so that an unreachable server takes no time from the others."""
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
    """Sends the waiting outcomes of all open ``Closable`` objects, for at most ``within`` seconds in total."""
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


# The functions of atexit run in reverse order. This one is registered on import, and so runs after those that a program
# registers later.
atexit.register(_close_all)
# A child of multiprocessing does not run atexit, and drops the parent's finalizers when it starts.
multiprocessing.util.register_after_fork(_forked, _close_at_end_of_child)
if multiprocessing.parent_process() is not None:
    _close_at_end_of_child(_forked)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)
