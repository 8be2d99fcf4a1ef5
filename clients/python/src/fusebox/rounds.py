"""The sender's rounds, and who waits for one."""

from __future__ import annotations

import threading
from collections.abc import Callable


class Rounds:
    """Numbers who waits. A round that begins behind a number takes all that was reported before it was given."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._asked = 0
        self._running = 0
        #: Of the last round that ended, and of the last that left nothing behind.
        self._tried = self._done = 0

    @property
    def is_asked_for(self) -> bool:
        """Whether somebody waits for a round that has not begun."""
        return self._asked > self._running

    def ask(self) -> int:
        with self._condition:
            self._asked += 1
            return self._asked

    def begin(self) -> None:
        with self._condition:
            self._running = self._asked

    def end(self, is_empty: bool) -> None:
        """The round has ended; whether nothing is left."""
        with self._condition:
            self._tried = self._running
            if is_empty:
                self._done = self._running
            self._condition.notify_all()

    def wait_until_done(self, number: int, within: float) -> bool:
        """Whether all is sent within so many seconds."""
        return self._wait(lambda: self._done >= number, within)

    def wait_until_tried(self, number: int, within: float) -> bool:
        """Whether all was tried to be sent within so many seconds."""
        return self._wait(lambda: self._tried >= number, within)

    def _wait(self, condition: Callable[[], bool], within: float) -> bool:
        with self._condition:
            return self._condition.wait_for(condition, within)
