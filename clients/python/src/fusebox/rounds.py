"""The sender's rounds, and how callers wait for one."""

from __future__ import annotations

import threading
from collections.abc import Callable


class Rounds:
    """Gives each waiting caller a number. A round that begins later sends everything reported before that."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._asked = 0
        self._running = 0
        #: The number of the last round that ended, and of the last one that left nothing to send.
        self._tried = self._done = 0

    @property
    def is_asked_for(self) -> bool:
        """Whether a caller waits for a round that has not begun."""
        return self._asked > self._running

    def ask(self) -> int:
        with self._condition:
            self._asked += 1
            return self._asked

    def begin(self) -> None:
        with self._condition:
            self._running = self._asked

    def end(self, is_empty: bool) -> None:
        """Ends the round; ``is_empty`` is whether nothing is left to send."""
        with self._condition:
            self._tried = self._running
            if is_empty:
                self._done = self._running
            self._condition.notify_all()

    def wait_until_done(self, number: int, within: float) -> bool:
        """Waits for a round that sends everything, for at most ``within`` seconds; returns whether there was one."""
        return self._wait(lambda: self._done >= number, within)

    def wait_until_tried(self, number: int, within: float) -> bool:
        """Waits for a round that tries to send, for at most ``within`` seconds; returns whether there was one."""
        return self._wait(lambda: self._tried >= number, within)

    def _wait(self, condition: Callable[[], bool], within: float) -> bool:
        with self._condition:
            return self._condition.wait_for(condition, within)
