"""What ``fork`` may not share: locks, threads, connections, and outcomes that the parent sends."""

from __future__ import annotations

import atexit
import multiprocessing
import multiprocessing.util
import os
import weakref
from typing import Protocol


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
    def close(self) -> None: ...


def close_at_end(closable: Closable) -> None:
    """Has it closed when this process ends, or a child that has it from this one. Until then it is kept."""
    atexit.register(closable.close)
    # A child of multiprocessing ends without atexit, and forgets at its beginning what its parent registered.
    multiprocessing.util.register_after_fork(closable, _close_at_end_of_child)
    if multiprocessing.parent_process() is not None:
        _close_at_end_of_child(closable)


def forget(closable: Closable) -> None:
    """It is closed already."""
    atexit.unregister(closable.close)


def _close_at_end_of_child(closable: Closable) -> None:
    multiprocessing.util.Finalize(None, closable.close, exitpriority=0)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)
