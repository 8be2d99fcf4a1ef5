"""The thread that sends outcomes to Fusebox."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Optional

from .batches import Batches
from .link import Away, Link, Refused
from .outbox import LARGEST_INTAKE, Outbox
from .policies import Policies
from .reachability import Pause, Reachability
from .rounds import Rounds
from .settings import Settings, default_reporter
from .wake import Wake

log = logging.getLogger("fusebox")

#: Seconds for which outcomes gather, and how many of them end the wait.
GATHERING = 0.05
ENOUGH = 100
#: Seconds between two requests that nobody hurries: at a hundred thousand calls a second the hundredth comes at once.
BREATH = 0.01
#: A limit that no intake reaches.
_NEVER = LARGEST_INTAKE


class Sender:
    """Sends what is in the outbox: every 50 ms, every 100 outcomes, and failures at once.

    Who appends to the intake compares its length with ``limit`` and calls ``notify`` where it is greater. Nothing is
    lost between the two: the thread sets the limit to 0 before it looks whether the intake is empty, and a caller
    appends before it reads the limit.
    """

    def __init__(self, outbox: Outbox, link: Link, reach: Reachability, settings: Settings, policies: Policies) -> None:
        self._outbox = outbox
        self._batches = Batches(outbox, link, reach)
        self._settings = settings
        self._policies = policies
        self.after_fork()

    def after_fork(self) -> None:
        """In the child: the thread is started again by what is reported first."""
        self.reporter = self._settings.reporter or default_reporter()
        self.limit = 0
        self._thread: Optional[threading.Thread] = None
        self._start_lock = threading.Lock()
        self._signal = Wake()
        self._later: deque[Callable[[], None]] = deque()
        self._rounds = Rounds()
        self._is_urgent = self._is_sending = self._is_closing = False
        self._pause = Pause()
        self._retry_at = self._sent_at = 0.0

    def notify(self) -> None:
        """Says that the intake is longer than its limit."""
        if self._is_closing:
            self._outbox.abandon()
            return
        if len(self._outbox.intake) > LARGEST_INTAKE:
            self._outbox.gather()
        if self.limit == 0:
            self.limit = ENOUGH - 1  # One call is enough to wake it.
        self._signal.set()
        self.start()

    def hurry(self) -> None:
        """Has all be sent at once, and policies fetched."""
        self._is_urgent = True
        self.notify()

    def flush(self, within: float) -> bool:
        """Waits until all that was reported before has been answered; ``False`` where it takes longer, or where this is
        the thread that sends."""
        if self.is_this_thread:
            return False
        number = self._rounds.ask()
        self.hurry()
        return self._rounds.wait_until_done(number, within)

    def later(self, work: Callable[[], None]) -> None:
        """Has ``work`` done before the next round. Takes no lock and starts no thread, so the garbage collector may ask
        for it amid anything; who hands out what may have to come back so has had the thread started before. Behind the
        end nobody would do it: it is an outcome that is dropped."""
        if self._is_closing:
            self._outbox.dropped += 1
            return
        self._later.append(work)
        self._is_urgent = True
        self._signal.set()

    def close(self, until: float) -> None:
        """Sends the rest, if one attempt can before an instant of ``time.monotonic()``, and has the thread end."""
        if not self._is_closing and (self._thread is not None or self.has_something):
            number = self._rounds.ask()
            self.hurry()
            if self._thread is None:
                self._round()  # The interpreter is about to end, and starts no more threads.
            elif self._thread is not threading.current_thread():
                self._rounds.wait_until_tried(number, until - time.monotonic())
        self._is_closing = True
        self.limit = 0
        self._signal.set()

    def join(self, until: float) -> None:
        """Waits for the end of the thread, up to an instant of ``time.monotonic()``, and counts what nobody sends."""
        thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join(max(until - time.monotonic(), 0.0))
        lost = self._outbox.abandon()
        if lost:
            log.warning("%d outcomes are lost: Fusebox did not take them before the client closed", lost)

    @property
    def is_this_thread(self) -> bool:
        """Whether it is a listener that asks, which is told of an answer, and could wait for nothing but itself."""
        return self._thread is threading.current_thread()

    @property
    def has_something(self) -> bool:
        """Whether anything waits, or is being sent."""
        return self._is_sending or bool(self._outbox.intake or self._later or len(self._outbox))

    @property
    def is_held_up(self) -> bool:
        """Whether outcomes were sent in vain, and wait to be sent again."""
        return time.monotonic() < self._retry_at

    def start(self) -> None:
        """Unless it runs."""
        if self._thread is not None:
            return
        with self._start_lock:
            if self._thread is None and not self._is_closing:
                self._thread = threading.Thread(target=self._run, name="fusebox-sender", daemon=True)
                try:
                    self._thread.start()
                except RuntimeError:
                    self._thread = None  # The interpreter is about to end, and starts no more threads.

    def _run(self) -> None:
        while not self._is_closing:
            self._park()
            self._signal.clear()
            if not self._is_urgent and not self._is_closing:
                self._wait_for_more()
            self._is_urgent = False
            self.limit = _NEVER
            self._sent_at = time.monotonic()
            self._round()

    def _round(self) -> None:
        self._is_sending = True
        self._rounds.begin()
        is_empty = False
        try:
            is_empty = self._send_all()
            self._policies.fetch()
        except Exception:
            log.exception("a defect in the fusebox package; reporting continues")
            self._retry_at = time.monotonic() + self._pause.next()
        self._is_sending = False
        self._rounds.end(is_empty)

    def _wait_for_more(self) -> None:
        self.limit = ENOUGH - 1
        self._signal.wait(GATHERING)
        breath = self._sent_at + BREATH - time.monotonic()
        if breath > 0 and not self._is_urgent and not self._is_closing:
            self.limit = _NEVER
            self._signal.wait(breath)

    def _park(self) -> None:
        """Waits for something to do; where Fusebox did not answer, at least until it is time to try again."""
        pause = self._retry_at - time.monotonic()
        while pause > 0 and not self._is_closing and not self._rounds.is_asked_for:
            self.limit = _NEVER
            self._signal.wait(pause)
            self._gather()
            pause = self._retry_at - time.monotonic()
        self.limit = 0
        if not self._outbox.intake and not len(self._outbox) and not self._is_urgent and not self._is_closing:
            due = self._policies.due
            self._signal.wait(None if due is None else due - time.monotonic())

    def _send_all(self) -> bool:
        """Whether nothing is left."""
        self._gather()
        while batch := self._outbox.take(time.monotonic()):
            try:
                is_taken = self._batches.send(batch, self.reporter)
            except Away as reason:
                log.debug("outcomes wait: %s", reason)
                self._outbox.give_back(batch)
                self._retry_at = time.monotonic() + self._pause.next()
                return False
            except Refused as refusal:
                # Nothing in it is to blame.
                self._outbox.hold(batch, refusal)
                self._retry_at = time.monotonic() + self._pause.next()
                return False
            except BaseException:
                self._outbox.give_back(batch)
                raise
            if not is_taken:
                self._retry_at = time.monotonic() + self._pause.next()
                self._outbox.is_behind = bool(len(self._outbox))
                return not self._outbox.is_behind
            self._pause.reset()
            self._gather()
        self._outbox.is_behind = False
        if self._outbox.intake:
            self._outbox.is_behind = True  # Who appended meanwhile may have said so just before.
        return True

    def _gather(self) -> None:
        while self._later:
            work = self._later.popleft()
            try:
                work()
            except Exception:
                log.exception("a defect in the fusebox package; reporting continues")
        self._outbox.gather()
