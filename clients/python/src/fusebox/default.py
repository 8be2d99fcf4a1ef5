"""The default ``Fusebox``, for circuit breakers that are created without one."""

from __future__ import annotations

import os
import threading
from typing import Optional

from .client import Fusebox

_lock = threading.Lock()


def _after_fork_in_child() -> None:
    """Replaces the lock in the child: another thread of the parent may have held it."""
    global _lock
    _lock = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)

_default: Optional[Fusebox] = None


def default() -> Fusebox:
    """The argument of ``use``, otherwise a ``Fusebox`` for ``FUSEBOX_URL`` and ``FUSEBOX_TOKEN``, made at first use."""
    global _default
    if _default is None:
        with _lock:
            if _default is None:
                url = os.environ.get("FUSEBOX_URL") or "http://127.0.0.1:7979"
                _default = Fusebox(url, token=os.environ.get("FUSEBOX_TOKEN") or None)
    return _default


def use(fusebox: Fusebox) -> None:
    """Makes ``fusebox`` the default for circuit breakers that are created later without one."""
    global _default
    _default = fusebox
