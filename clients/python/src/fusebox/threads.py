"""Waiting for Fusebox without holding up an event loop."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from typing import Any, Optional, TypeVar

R = TypeVar("R")

#: Requests at once on behalf of coroutines.
WORKERS = 16


class Threads:
    """Threads that ask Fusebox for coroutines, whatever loop they run in.

    A request in a thread outlives the task that waits for it. So a probe that is granted to a cancelled task is known
    of and given back, where a request cut off with its task would hold it until its lease ends. And no connection
    belongs to a loop, which may end before it is closed.
    """

    def __init__(self) -> None:
        self.after_fork()

    def after_fork(self) -> None:
        self._lock = threading.Lock()
        self._pool: Optional[ThreadPoolExecutor] = None

    async def run(
        self,
        function: Callable[..., R],
        *arguments: Any,
        abandoned: Optional[Callable[[R], None]] = None,
    ) -> R:
        """The function's result; where the task is cancelled meanwhile, ``abandoned`` is given it instead."""
        try:
            future: Future[R] = self._running_pool().submit(function, *arguments)
        except RuntimeError:  # The interpreter is about to end, and starts no more threads.
            return function(*arguments)
        try:
            return await asyncio.wrap_future(future)
        except asyncio.CancelledError:
            if abandoned is not None:
                future.add_done_callback(lambda done: _hand_over(done, abandoned))
            raise

    def _running_pool(self) -> ThreadPoolExecutor:
        with self._lock:
            if self._pool is None:
                self._pool = ThreadPoolExecutor(WORKERS, thread_name_prefix="fusebox-ask")
            return self._pool

    def close(self) -> None:
        with self._lock:
            pool, self._pool = self._pool, None
        if pool is not None:
            pool.shutdown(wait=True)


def _hand_over(done: Future[R], abandoned: Callable[[R], None]) -> None:
    try:
        result = done.result()
    except (CancelledError, Exception):
        return
    abandoned(result)
