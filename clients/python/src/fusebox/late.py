"""Threads for answers that come when their callers no longer wait."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable
from time import monotonic

log = logging.getLogger("fusebox")

#: So many at once. Others wait in their connections, and lose nothing by it.
MOST = 4


class Late:
    """They begin with the first that is late, and end with the last: no usual answer costs any.

    The end of the process waits for none.
    """

    def __init__(self) -> None:
        self.after_fork()

    def after_fork(self) -> None:
        self._lock = threading.Lock()
        self._waiting: deque[Callable[[], None]] = deque()
        self._threads: set[threading.Thread] = set()

    def add(self, read: Callable[[], None]) -> None:
        """Has ``read`` called, which waits for an answer."""
        with self._lock:
            self._waiting.append(read)
            if len(self._threads) >= MOST:
                return
            thread = threading.Thread(target=self._run, name="fusebox-late", daemon=True)
            self._threads.add(thread)
            try:
                thread.start()
            except RuntimeError:
                # The interpreter is about to end, or has no room for another.
                self._threads.discard(thread)

    def _run(self) -> None:
        while True:
            with self._lock:
                if not self._waiting:
                    self._threads.discard(threading.current_thread())
                    return
                read = self._waiting.popleft()
            try:
                read()
            except Exception as error:
                log.debug("a late answer is not valid: %r", error)

    def join(self, until: float) -> None:
        """Waits for them, up to an instant of ``time.monotonic()``, where connections have been ended."""
        with self._lock:
            threads = list(self._threads)
        for thread in threads:
            if thread is not threading.current_thread():
                thread.join(max(until - monotonic(), 0.0))
