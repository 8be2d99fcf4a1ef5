"""What wakes a thread, from anywhere."""

from __future__ import annotations

import threading
from typing import Optional


class Wake:
    """An ``Event`` for one waiter, that is over when it has been waited for.

    ``Event.set`` takes a lock, which the very thread may hold that the garbage collector runs a finalizer in. To
    release a lock takes none.
    """

    def __init__(self) -> None:
        self._is_unset = threading.Lock()
        self._is_unset.acquire()

    def set(self) -> None:
        try:
            self._is_unset.release()
        except RuntimeError:
            pass  # It is set.

    def clear(self) -> None:
        self._is_unset.acquire(blocking=False)

    def wait(self, within: Optional[float] = None) -> None:
        """Until it is set, or for so many seconds."""
        self._is_unset.acquire(timeout=-1 if within is None else max(within, 0.0))
