"""Waiting for Fusebox in threads of one's own, and what becomes of answers that nobody waits for any more."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Optional, TypeVar

R = TypeVar("R")


class Threads:
    """Threads that ask Fusebox on behalf of coroutines. They begin with the first request.

    A request in a thread outlives who waits for it. So a probe that is granted to a cancelled task is known of and
    given back, where a request cut off with its caller would hold it until its lease ends. And no connection belongs
    to an event loop, which may end before it is closed.
    """

    def __init__(self, count: int, name: str) -> None:
        self._count = count
        self._name = name
        self.after_fork()

    def after_fork(self) -> None:
        self._lock = threading.Lock()
        self._pool: Optional[ThreadPoolExecutor] = None

    async def run(
        self,
        function: Callable[..., R],
        *arguments: Any,
        abandoned: Callable[[R], None] = lambda result: None,
        unsent: Callable[[], None] = lambda: None,
    ) -> R:
        """The function's result. Where the task is cancelled meanwhile, ``abandoned`` is given it instead, or
        ``unsent`` is called, if the function had not begun."""
        future = self._submit(function, arguments)
        if future is None:
            return function(*arguments)
        try:
            return await asyncio.wrap_future(future)
        except asyncio.CancelledError:
            _hand_over(future, abandoned, unsent)
            raise

    def _submit(self, function: Callable[..., R], arguments: tuple[Any, ...]) -> Optional[Future[R]]:
        """``None`` where the interpreter is about to end, and starts no more threads."""
        with self._lock:
            try:
                if self._pool is None:
                    self._pool = ThreadPoolExecutor(self._count, thread_name_prefix=self._name)
                return self._pool.submit(function, *arguments)
            except RuntimeError:
                return None

    def close(self) -> None:
        """Waits for what runs."""
        with self._lock:
            pool, self._pool = self._pool, None
        if pool is not None:
            pool.shutdown(wait=True)


def _hand_over(future: Future[R], abandoned: Callable[[R], None], unsent: Callable[[], None] = lambda: None) -> None:
    def hand_over(done: Future[R]) -> None:
        if not done.cancelled() and done.exception() is None:
            abandoned(done.result())

    if future.cancel():
        unsent()
    else:
        future.add_done_callback(hand_over)
