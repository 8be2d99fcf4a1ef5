"""Threads that read answers after their callers' time-outs."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from time import monotonic

from .logs import log

#: The most threads at once. Further answers wait in their connections, and are not lost.
MOST = 4


class Late:
    """Threads that start with the first late answer and end after the last, so that timely answers need no thread.

    They are daemons: the process does not wait for them at its end.
    """

    def __init__(self) -> None:
        self.after_fork()

    def after_fork(self) -> None:
        self._lock = threading.Lock()
        self._waiting: deque[Callable[[], None]] = deque()
        self._threads: set[threading.Thread] = set()

    def add(self, read: Callable[[], None]) -> None:
        """Calls ``read``, which waits for an answer, in a thread."""
        with self._lock:
            self._waiting.append(read)
            if len(self._threads) >= MOST:
                return
            thread = threading.Thread(target=self._run, name="fusebox-late", daemon=True)
            self._threads.add(thread)
            try:
                thread.start()
            except RuntimeError:
                # The interpreter is about to end, or the system permits no more threads.
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
                log.debug("a late answer is not valid: %s", repr(error))

    def join(self, until: float) -> None:
        """Waits for the threads, until ``until`` by ``time.monotonic()``. Their connections must have been ended."""
        with self._lock:
            threads = list(self._threads)
        for thread in threads:
            if thread is not threading.current_thread():
                thread.join(max(until - monotonic(), 0.0))
