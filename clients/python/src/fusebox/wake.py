"""An event that any code may set, finalizers included."""

from __future__ import annotations

import threading
from typing import Optional


class Wake:
    """An event for one waiting thread; a wait that ends resets it.

    ``threading.Event.set`` takes a lock. The thread in which the garbage collector runs a finalizer may hold that lock
    already, so a finalizer cannot call it. ``set`` here only releases a lock.
    """

    def __init__(self) -> None:
        self._is_unset = threading.Lock()
        self._is_unset.acquire()

    def set(self) -> None:
        try:
            self._is_unset.release()
        except RuntimeError:
            pass  # It is set already.

    def clear(self) -> None:
        self._is_unset.acquire(blocking=False)

    def wait(self, within: Optional[float] = None) -> None:
        """Waits until it is set, for at most ``within`` seconds."""
        self._is_unset.acquire(timeout=-1 if within is None else max(within, 0.0))
