"""PyBreaker's states, and the last known state of a circuit breaker."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Optional

from ..decision import State

if TYPE_CHECKING:
    from .breaker import CircuitBreaker

STATE_OPEN = "open"
STATE_CLOSED = "closed"
STATE_HALF_OPEN = "half-open"


class CircuitBreakerState:
    """A state of ``cb``. It makes no decisions; Fusebox does."""

    def __init__(self, cb: CircuitBreaker, name: str) -> None:
        self._breaker = cb
        self._name = name

    @property
    def name(self) -> str:
        return self._name

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self._breaker.breaker.name}>"


class CircuitClosedState(CircuitBreakerState):
    def __init__(self, cb: CircuitBreaker) -> None:
        super().__init__(cb, STATE_CLOSED)


class CircuitOpenState(CircuitBreakerState):
    def __init__(self, cb: CircuitBreaker) -> None:
        super().__init__(cb, STATE_OPEN)


class CircuitHalfOpenState(CircuitBreakerState):
    def __init__(self, cb: CircuitBreaker) -> None:
        super().__init__(cb, STATE_HALF_OPEN)


_CLASSES = {"closed": CircuitClosedState, "open": CircuitOpenState, "half_open": CircuitHalfOpenState}
SERVER_STATES: dict[str, State] = {STATE_CLOSED: "closed", STATE_OPEN: "open", STATE_HALF_OPEN: "half_open"}


class Watch:
    """Keeps the last known state of a breaker, and calls the listeners of its changes.

    States arrive in answers and, perhaps later, in the stream. Their generations show which is newer.
    """

    def __init__(self, cb: CircuitBreaker) -> None:
        self._cb = cb
        self.begin(None, None)
        self.after_fork()

    def begin(self, state: Optional[State], generation: Optional[int]) -> None:
        """Sets the state that is known at the start, without calling the listeners."""
        self.state: CircuitBreakerState = _CLASSES[state or "closed"](self._cb)
        self.generation = generation or 0
        self._history = 0 if generation is None else self._cb._cell.history

    @property
    def is_behind(self) -> bool:
        """Whether the server has another database since the last state, so that the generation must be read again."""
        return self._history != self._cb._cell.history

    def after_fork(self) -> None:
        self._lock = threading.Lock()
        #: Held while listeners are called. It is reentrant, because a listener may cause a call of ``hear``.
        self._turn = threading.RLock()

    def hear(self, state: State, generation: Optional[int] = None, *, waits: bool = True) -> None:
        """Takes a state, and calls the listeners if it has changed. An unknown state is ignored.

        Args:
            generation: the generation of the state, or a lower bound of it; ``None`` if unknown.
            waits: whether to wait while another thread calls listeners. The wait ends after the time for a decision,
                because a listener may itself wait for this thread.
        """
        if state not in SERVER_STATES.values():
            return
        turn = self._turn  # A listener may fork, which replaces the lock in the child.
        is_in_turn = turn.acquire(timeout=self._cb._authority.settings.timeout if waits else 0.0)
        try:
            self._tell(state, generation)
        finally:
            if is_in_turn:
                turn.release()

    def _tell(self, state: State, generation: Optional[int]) -> None:
        with self._lock:
            if generation is not None:
                history = self._cb._cell.history
                if history == self._history and generation < self.generation:
                    return
                self._history, self.generation = history, generation
            before = self.state
            if type(before) is _CLASSES[state]:
                return
            after = self.state = _CLASSES[state](self._cb)
        for listener in self._cb.listeners:
            listener.state_change(self._cb, before, after)
