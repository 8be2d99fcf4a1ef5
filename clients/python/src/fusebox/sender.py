"""The thread that sends outcomes to Fusebox."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Optional

from .batches import Batches
from .decisions import INTERVAL, Decisions
from .link import Away, Link, Refused
from .logs import log
from .outbox import LARGEST_INTAKE, Outbox
from .policies import Policies
from .reachability import Pause, Reachability
from .rounds import Rounds
from .settings import Settings, default_reporter
from .wake import Wake

#: Seconds for which the sender gathers outcomes before it sends them.
GATHERING = 0.05
#: This many outcomes end the wait early.
ENOUGH = 100
#: The least seconds between two requests that are not urgent: at 100 000 calls a second ``ENOUGH`` is reached in 1 ms.
BREATH = 0.01
#: A limit that keeps callers from waking the sender, until they have to empty the intake themselves.
_NEVER = LARGEST_INTAKE


class Sender:
    """Sends the outcomes in the outbox: every 50 ms, every 100 outcomes, and failures at once.

    A caller appends to the intake, and calls ``notify`` if the intake's length exceeds ``limit``. No wake-up is lost:
    the thread sets the limit to 0 before it checks whether the intake is empty, and a caller appends before it reads
    the limit.
    """

    def __init__(
        self,
        outbox: Outbox,
        link: Link,
        reach: Reachability,
        settings: Settings,
        policies: Policies,
        decisions: Decisions,
    ) -> None:
        self._outbox = outbox
        self._batches = Batches(outbox, link, reach)
        self._settings = settings
        self._policies = policies
        self._decisions = decisions
        self._reach = reach
        self.after_fork()

    def after_fork(self) -> None:
        """Begins again in the child. Its first report starts the thread."""
        self.reporter = self._settings.reporter or default_reporter()
        self.limit = 0
        self._thread: Optional[threading.Thread] = None
        self._start_lock = threading.Lock()
        self._signal = Wake()
        self._later: deque[Callable[[], None]] = deque()
        self._rounds = Rounds()
        self._is_urgent = self._is_sending = self._is_closing = self._is_parked = False
        self._pause = Pause()
        self._retry_at = self._sent_at = 0.0

    def notify(self) -> None:
        """Wakes the sender, because the intake is longer than the limit."""
        if self._is_closing:
            self._outbox.abandon()
            return
        if len(self._outbox.intake) > LARGEST_INTAKE:
            self._outbox.gather()
        if self.limit == 0:
            self.limit = ENOUGH - 1  # One call is enough to wake it.
        self._signal.set()
        self.start()

    def note_decision(self, name: str, is_allowed: bool) -> None:
        """Counts a decision of this process. It takes no lock and starts no thread, as ``later``."""
        if self._is_closing:
            return
        self._decisions.note(name, is_allowed)
        if self._is_parked:
            self._is_parked = False
            self._signal.set()

    def hurry(self) -> None:
        """Makes the sender send everything at once, and fetch the wanted policies."""
        self._is_urgent = True
        self.notify()

    def flush(self, within: float) -> bool:
        """Waits until all earlier reports are answered; ``False`` if that takes longer than ``within`` seconds, and in
        the sender's own thread."""
        if self.is_this_thread:
            return False
        number = self._rounds.ask()
        self.hurry()
        return self._rounds.wait_until_done(number, within)

    def later(self, work: Callable[[], None]) -> None:
        """Makes the sender's thread do ``work`` before it sends the next batch.

        It takes no lock and starts no thread, so a finalizer may call it at any point. Code that creates an object with
        such a finalizer must start the thread first. After ``close`` the work is not done, and counts as a dropped
        outcome.
        """
        if self._is_closing:
            self._outbox.dropped += 1
            return
        self._later.append(work)
        self._is_urgent = True
        self._signal.set()

    def close(self, until: float) -> None:
        """Tries once to send the rest, until ``until`` by ``time.monotonic()``, and makes the thread end."""
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
        """Waits for the thread to end, until ``until`` by ``time.monotonic()``, and drops the unsent outcomes."""
        thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join(max(until - time.monotonic(), 0.0))
        lost = self._outbox.abandon()
        if lost:
            log.warning("%d outcomes are lost: Fusebox did not take them before the client closed", lost)

    @property
    def is_this_thread(self) -> bool:
        """Whether the caller runs in the sender's thread, as a listener may. It must not wait for the sender."""
        return self._thread is threading.current_thread()

    @property
    def has_something(self) -> bool:
        """Whether outcomes wait, or are being sent."""
        return (
            self._is_sending
            or bool(self._outbox.intake or self._later or len(self._outbox))
            or (self._decisions.due is not None and not self._reach.is_away)
        )

    @property
    def is_held_up(self) -> bool:
        """Whether the last attempt to send failed, and the pause before the next has not passed."""
        return time.monotonic() < self._retry_at

    def start(self) -> None:
        """Starts the thread, unless it runs."""
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
        is_asked_for = self._rounds.is_asked_for
        self._rounds.begin()
        is_empty = False
        try:
            is_empty = self._send_all()
            due = self._decisions.due
            is_due = due is not None and (is_asked_for or time.monotonic() >= due)
            # A request without an answer loses the counts.
            if is_due and is_empty and not self._reach.is_away:
                self._decisions.send()
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
        """Waits for something to do. After a failed attempt it waits at least until the pause is over, unless a caller
        waits for a round."""
        pause = self._retry_at - time.monotonic()
        while pause > 0 and not self._is_closing and not self._rounds.is_asked_for:
            self.limit = _NEVER
            self._signal.wait(pause)
            self._gather()
            pause = self._retry_at - time.monotonic()
        self.limit = 0
        if not self._outbox.intake and not len(self._outbox) and not self._is_urgent and not self._is_closing:
            self._is_parked = True  # Before the check, because a caller counts before it reads this.
            decisions_due = self._decisions_due
            if decisions_due is not None:
                self._is_parked = False
            dues = [due for due in (self._policies.due, decisions_due) if due is not None]
            self._signal.wait(max(min(dues) - time.monotonic(), 0.0) if dues else None)
            self._is_parked = False

    @property
    def _decisions_due(self) -> Optional[float]:
        """When to send counts of decisions; while Fusebox is unreachable, when to look again."""
        due = self._decisions.due
        if due is None or not self._reach.is_away:
            return due
        return max(due, time.monotonic() + INTERVAL)

    def _send_all(self) -> bool:
        """Sends everything; returns whether nothing is left."""
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
                # The refusal is not about an outcome in the batch.
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
            self._outbox.is_behind = True  # A caller that appended meanwhile may have set it before it was cleared.
        return True

    def _gather(self) -> None:
        while self._later:
            work = self._later.popleft()
            try:
                work()
            except Exception:
                log.exception("a defect in the fusebox package; reporting continues")
        self._outbox.gather()
