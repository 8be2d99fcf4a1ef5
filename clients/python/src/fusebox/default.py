"""The Fusebox of those who name none: where the environment says."""

from __future__ import annotations

import os
import threading
from typing import Optional

from .client import Fusebox

_lock = threading.Lock()


def _after_fork_in_child() -> None:
    """Another thread of the parent may have held it."""
    global _lock
    _lock = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)

_default: Optional[Fusebox] = None


def default() -> Fusebox:
    """What ``use`` was given, else one for ``FUSEBOX_URL`` and ``FUSEBOX_TOKEN``; made when it is first asked for."""
    global _default
    if _default is None:
        with _lock:
            if _default is None:
                url = os.environ.get("FUSEBOX_URL") or "http://127.0.0.1:7979"
                _default = Fusebox(url, token=os.environ.get("FUSEBOX_TOKEN") or None)
    return _default


def use(fusebox: Fusebox) -> None:
    """Has all that is made from here on, and names none, belong to ``fusebox``."""
    global _default
    _default = fusebox
