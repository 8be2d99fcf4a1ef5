"""The thread that follows the server's stream of changes."""

from __future__ import annotations

import socket
import threading
from time import monotonic
from typing import Optional

from .events import Event
from .link import Away, Link, Refused, end
from .logs import log
from .panel import Panel
from .reachability import Pause, Reachability

#: The server's limits for the interval between heartbeats, in milliseconds.
HEARTBEATS_MS = (500, 60_000)
#: Seconds until a stream must begin. No call waits for it.
PATIENCE = 1.0
#: Seconds until a refused stream is requested again. The refusal lasts until an operator acts.
REFUSED_PAUSE = 30.0
#: The status of an answer to a position that the server cannot read: an older server knows no epochs.
UNREADABLE = 400
#: Seconds that a stream must last before the pause is reset. So a stream that ends at once is not requested all the
#: time.
STEADY = 1.0


class Follower:
    """Follows the stream and passes its events to the panel.

    The stream begins with all breakers. After it breaks, it continues from the last event.
    """

    def __init__(self, link: Link, panel: Panel, reach: Reachability, max_staleness: float) -> None:
        self._link = link
        self._panel = panel
        self._reach = reach
        low, high = HEARTBEATS_MS
        # Five heartbeats within ``max_staleness``, so that a late one does not make the panel stale. If two in a row do
        # not arrive, the stream counts as broken, even if the connection reports no error.
        self._heartbeat_ms = min(max(int(max_staleness * 1_000 / 5), low), high)
        self._silence = 2.5 * self._heartbeat_ms / 1_000
        self.after_fork()

    def after_fork(self) -> None:
        """Begins again in the child. Its first decision starts the thread."""
        self._lock = threading.Lock()
        self._thread: Optional[threading.Thread] = None
        self._socket: Optional[socket.socket] = None
        self._closing = threading.Event()
        self._pause = Pause()
        self._refused: Optional[str] = None

    def start(self) -> None:
        """Starts the thread, unless it runs."""
        if self._thread is not None:
            return
        with self._lock:
            if self._thread is None and not self._closing.is_set():
                self._thread = threading.Thread(target=self._run, name="fusebox-follower", daemon=True)
                try:
                    self._thread.start()
                except RuntimeError:
                    self._thread = None  # The interpreter is about to end, and starts no more threads.

    def close(self) -> None:
        """Makes the thread end."""
        self._closing.set()
        with self._lock:
            if self._socket is not None:
                end(self._socket)

    def join(self, until: float) -> None:
        """Waits for the thread to end, until ``until`` by ``time.monotonic()``."""
        thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join(max(until - monotonic(), 0.0))

    def _run(self) -> None:
        while not self._closing.is_set():
            pause = self._pause.next()
            try:
                self._follow()
                reason = "the stream ended"
            except Away as away:
                reason = str(away)
            except ValueError as error:
                # The answer is not from a Fusebox server, or is from a version with another format.
                reason, self._panel.revision = str(error), None
                self._cannot_follow(reason)
            except Refused as refusal:
                is_about_position = refusal.status == UNREADABLE and self._panel.position is not None
                reason, self._panel.revision = str(refusal), None
                if not is_about_position:
                    pause = REFUSED_PAUSE
                    self._cannot_follow(reason)
            except Exception as error:
                reason, self._panel.revision = repr(error), None
                log.exception("a defect in the fusebox package; the stream starts again")
            log.debug("no stream of changes; retry in %.2f s: %s", pause, reason)
            self._closing.wait(pause)

    def _cannot_follow(self, reason: str) -> None:
        """Logs the reason, once until an event arrives or the reason changes."""
        if reason != self._refused:
            log.error("the stream of changes cannot be followed, so every call asks Fusebox: %s", reason)
        self._refused = reason

    def _follow(self) -> None:
        path = f"/v1/events?heartbeat_ms={self._heartbeat_ms}"
        position = self._panel.position
        if position is not None:
            path += f"&after={position}"
        began = monotonic()
        headers = {"accept": "application/x-ndjson"}
        with self._link.lines(path, headers, within=PATIENCE, silence=self._silence) as (connection, lines):
            with self._lock:
                self._socket = connection
            self._panel.begin()
            try:
                is_first = True
                for line in lines:
                    if self._closing.is_set():
                        return
                    self._hear(Event.read(line), began, is_first)
                    is_first = False
            finally:
                self._panel.freshness.broke()
                self._reach.stream_broke()
                with self._lock:
                    self._socket = None

    def _hear(self, event: Event, began: float, is_first: bool) -> None:
        """Takes an event of a stream that was requested at ``began``.

        A heartbeat that opens the stream only sets the clock: the panel may still lack events from before it.
        """
        if is_first and event.type == "heartbeat":
            self._panel.set_clock(event.at, monotonic())
        else:
            self._panel.take(event, monotonic(), began)
        self._refused = None
        if monotonic() - began >= STEADY:
            self._pause.reset()
        if is_first:
            self._panel.resume(monotonic())
            self._reach.stream_began()
