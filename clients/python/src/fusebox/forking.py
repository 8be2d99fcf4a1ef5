"""What ``fork`` may not share: locks, threads, connections, and outcomes that the parent sends."""

from __future__ import annotations

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


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)
