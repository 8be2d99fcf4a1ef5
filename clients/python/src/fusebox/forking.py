"""What ``fork`` may not share: locks, threads, connections, and outcomes that the parent sends."""

from __future__ import annotations

import os
import weakref
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .authority import Authority

_authorities: weakref.WeakSet[Authority] = weakref.WeakSet()


def register(authority: Authority) -> None:
    _authorities.add(authority)


def unregister(authority: Authority) -> None:
    _authorities.discard(authority)


def _after_fork_in_child() -> None:
    for authority in list(_authorities):
        authority.after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)
