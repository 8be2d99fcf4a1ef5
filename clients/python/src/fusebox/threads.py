"""Threads that wait for Fusebox on behalf of coroutines."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future, wait
from queue import SimpleQueue
from time import monotonic
from typing import Any, NamedTuple, Optional, TypeVar

R = TypeVar("R")


class Threads:
    """Threads that ask Fusebox on behalf of coroutines. They start with the first request.

    A request in a thread outlives the task that waits for it. So a probe that is granted to a cancelled task is
    received and given back. If the request were cancelled with its task, the probe would be held until its lease ends.
    Also, no connection belongs to an event loop, which may end before the connection is closed.

    The threads are daemons. The process would wait at its end for the requests of a ``ThreadPoolExecutor``.
    """

    def __init__(self, count: int, name: str) -> None:
        self._count = count
        self._name = name
        self.after_fork()

    def after_fork(self) -> None:
        self._lock = threading.Lock()
        self._work: SimpleQueue[Optional[_Work]] = SimpleQueue()
        self._threads: list[threading.Thread] = []
        #: Idle threads, minus requests that wait for a thread.
        self._free = 0
        self._under_way: set[Future[Any]] = set()
        self._is_closed = False

    async def run(
        self,
        function: Callable[..., R],
        *arguments: Any,
        abandoned: Callable[[R], None] = lambda result: None,
        unsent: Callable[[], None] = lambda: None,
    ) -> R:
        """Runs ``function`` in a thread, or here if there is none for it, and returns its result.

        If the task ends before that, ``abandoned`` receives the result; if the function has not begun, ``unsent`` is
        called instead. The garbage collector may end the task at any point, so neither may take a lock.
        """
        future = self._submit(function, arguments)
        if future is None:
            return function(*arguments)
        try:
            await until_done(future)
        except BaseException:
            _hand_over(future, abandoned, unsent)
            raise
        return future.result()

    def _submit(self, function: Callable[..., R], arguments: tuple[Any, ...]) -> Optional[Future[R]]:
        """Queues a call; ``None`` if no thread can run it: after ``close``, or if the interpreter starts no thread."""
        future: Future[R] = Future()
        with self._lock:
            if self._is_closed:
                return None
            self._free -= 1
            if self._free < 0 and len(self._threads) < self._count and not self._start() and not self._threads:
                self._free += 1
                return None
            self._under_way.add(future)
            self._work.put(_Work(future, function, arguments))
        return future

    def _start(self) -> bool:
        name = f"{self._name}_{len(self._threads)}"
        thread = threading.Thread(target=self._run, args=(self._work,), name=name, daemon=True)
        try:
            thread.start()
        except RuntimeError:
            return False
        self._threads.append(thread)
        self._free += 1
        return True

    def _run(self, queue: SimpleQueue[Optional[_Work]]) -> None:
        while (work := queue.get()) is not None:
            work.do()
            with self._lock:
                self._free += 1
                self._under_way.discard(work.future)
            del work  # An idle thread must not keep the work alive.

    def settle(self, until: float) -> None:
        """Waits for the requests so far, until ``until`` by ``time.monotonic()``."""
        with self._lock:
            under_way = list(self._under_way)
        wait(under_way, max(until - monotonic(), 0.0))

    def close(self) -> None:
        """Makes the threads end after the queued requests."""
        with self._lock:
            self._is_closed = True
            for _ in self._threads:
                self._work.put(None)

    def join(self, until: float) -> None:
        """Waits for the threads to end, until ``until`` by ``time.monotonic()``."""
        for thread in self._threads:
            if thread is not threading.current_thread():
                thread.join(max(until - monotonic(), 0.0))


class _Work(NamedTuple):
    future: Future[Any]
    function: Callable[..., Any]
    arguments: tuple[Any, ...]

    def do(self) -> None:
        if not self.future.set_running_or_notify_cancel():
            return
        try:
            result = self.function(*self.arguments)
        except BaseException as error:
            self.future.set_exception(error)
        else:
            self.future.set_result(result)


async def until_done(future: Future[Any], within: Optional[float] = None) -> bool:
    """Waits for a future of another thread, for at most ``within`` seconds; returns whether it is done.

    ``asyncio.wrap_future`` would cancel the future with the task, and log an error if the loop ends before it is done.
    """
    loop = asyncio.get_running_loop()
    waiter = loop.create_future()

    def wake() -> None:
        if not waiter.done():
            waiter.set_result(None)

    def tell(done: Future[Any]) -> None:
        try:
            loop.call_soon_threadsafe(wake)
        except RuntimeError:
            pass  # The loop has ended, and the waiting task with it.

    future.add_done_callback(tell)
    await asyncio.wait([waiter], timeout=within)
    return future.done()


def _hand_over(future: Future[R], abandoned: Callable[[R], None], unsent: Callable[[], None] = lambda: None) -> None:
    def hand_over(done: Future[R]) -> None:
        if not done.cancelled() and done.exception() is None:
            abandoned(done.result())

    if future.cancel():
        unsent()
    else:
        future.add_done_callback(hand_over)
