"""PyBreaker's ``CircuitBreaker``, shared by all processes."""

from __future__ import annotations

import sys
import weakref
from collections.abc import Callable, Iterable
from time import monotonic
from typing import Any, Optional

from .. import forking
from ..cell import StateChange
from ..client import Fusebox
from ..default import default
from ..names import shared_name
from ..orders import OrderFailed, Orders
from ..reachability import LONGEST_PAUSE
from .counts import failures
from .exclusions import Exclusion
from .guarding import Guarding
from .listeners import CircuitBreakerListener
from .naming import name_of_variable
from .settings import Numbers, fields_of
from .states import SERVER_STATES, CircuitBreakerState, Watch
from .storages import CircuitBreakerStorage, namespace_of

#: What an override says that ``open()`` has set.
OPENED = "opened by open() of a circuit breaker"
#: Seconds that an override has to stand.
SHORTEST_OPENING = 1.0


class CircuitBreaker(Guarding):
    """A circuit breaker whose state and counts are in Fusebox.

    Args:
        fail_max, reset_timeout, success_threshold: consecutive failures that open it, seconds that it stays open,
            successes that close it again. The process that is first makes the breaker with these; they do not undo what
            an operator has changed since.
        exclude: exceptions that count as no failure: classes, and functions of the exception.
        listeners: ``CircuitBreakerListener`` objects.
        state_storage: not used, for Fusebox keeps the state; a storage of another kind than PyBreaker's is refused.
        name: which breaker this is, for all processes. Without one it is called after the variable it is assigned to.
        throw_new_error_on_trip: whether the call that opens it raises ``CircuitBreakerError`` instead of its own error.
        fusebox: whose breaker it is; by default that of ``FUSEBOX_URL``, or of ``fusebox.pybreaker.use``.
    """

    def __init__(
        self,
        fail_max: int = 5,
        reset_timeout: float = 60,
        success_threshold: int = 1,
        exclude: Optional[Iterable[Exclusion]] = None,
        listeners: Optional[Iterable[CircuitBreakerListener]] = None,
        state_storage: Optional[CircuitBreakerStorage] = None,
        name: Optional[str] = None,
        throw_new_error_on_trip: bool = True,
        *,
        fusebox: Optional[Fusebox] = None,
    ) -> None:
        self._asked = fields_of(fail_max, reset_timeout, success_threshold)
        self._fusebox = fusebox or default()
        self._name = name
        shared = name or namespace_of(state_storage) or name_of_variable(sys._getframe(1))
        super().__init__(exclude, listeners, throw_new_error_on_trip)
        self._watch = Watch(self)
        self._may_not_read = False
        #: By ``time.monotonic()``: a look does not try before, while Fusebox is away.
        self._not_before = 0.0
        self._attach(shared_name(shared))
        forking.register(self._watch)

    def _attach(self, name: str) -> None:
        self.breaker = self._fusebox.breaker(name)
        self._authority, self._cell = self.breaker._authority, self.breaker._cell
        self._numbers = Numbers(self._authority, self._cell, self._asked)
        self._orders = Orders(self._authority, self._cell)
        cell = self._cell
        # The cell is for ever, and keeps no circuit breaker of a moment.
        me = weakref.ref(self, lambda _: cell.listeners.remove(learn))

        def learn(change: StateChange) -> None:
            circuit = me()
            if circuit is not None and circuit._cell is cell:  # As it was when this change began to be told.
                circuit._watch.hear(change.after, change.generation)

        self._watch.begin(self._cell.standing.state or self._cell.state, self._cell.standing.generation)
        self._listener = self.breaker.listen(learn)

    @property
    def name(self) -> Optional[str]:
        """As it was given; ``breaker.name`` is what it is called in Fusebox."""
        return self._name

    @name.setter
    def name(self, name: str) -> None:
        """From here on it is another breaker: the one of that name."""
        cell, listener = self._cell, self._listener
        self._attach(shared_name(name))
        self._name = name
        cell.listeners.remove(listener)

    @property
    def fail_max(self) -> int:
        return self._numbers.policy.failure_threshold or int(self._asked["failure_threshold"])

    @fail_max.setter
    def fail_max(self, number: int) -> None:
        self._numbers.change(fields_of(fail_max=number))

    @property
    def reset_timeout(self) -> float:
        return self._numbers.policy.recovery_timeout_ms / 1_000

    @reset_timeout.setter
    def reset_timeout(self, timeout: float) -> None:
        self._numbers.change(fields_of(reset_timeout=timeout))

    @property
    def success_threshold(self) -> int:
        return self._numbers.policy.success_threshold

    @success_threshold.setter
    def success_threshold(self, threshold: int) -> None:
        self._numbers.change(fields_of(success_threshold=threshold))

    @property
    def fail_counter(self) -> int:
        """Consecutive failures in all processes, since it closed. Asks the server; 0 while that is away. Of a circuit
        that is not closed, failed trials are only counted in where the token may read what became of it."""
        until = self._end_of_look()
        view = self._look()
        return 0 if view is None else failures(view, *self._history(view, until)) + self._failures_being_told

    def _history(self, view: Any, until: float) -> tuple[list[Any], bool]:
        last = [] if view["last_transition"] is None else [view["last_transition"]]
        if view["state"] == "closed" or self._may_not_read:
            return last, not last
        try:
            answer = self._orders.transitions(max(until - monotonic(), 0.001))
        except OrderFailed as failure:
            self._may_not_read = failure.status is not None
            return last, not last
        return answer["transitions"], not answer["next_page_token"]

    @property
    def success_counter(self) -> int:
        """Successes of the probes since it is half open. Asks the server; 0 while that is away."""
        view = self._look()
        return 0 if view is None else int(view["probes"]["successes"])

    @property
    def current_state(self) -> str:
        """``closed``, ``open`` or ``half-open``. Asks the server where its stream does not tell."""
        return self.state.name

    @property
    def state(self) -> CircuitBreakerState:
        standing = self._cell.standing
        if not self._cell.is_followed:
            self._look()
        elif standing.is_learnt and standing.state is not None:
            self._watch.hear(standing.state, standing.generation)
        return self._watch.state

    @state.setter
    def state(self, state: str) -> None:
        if state not in SERVER_STATES:
            raise ValueError(f"state must be one of {', '.join(SERVER_STATES)}, not {state!r}")
        {"open": self.open, "half-open": self.half_open, "closed": self.close}[state]()

    def _look(self) -> Optional[Any]:
        """The breaker as the server has it, behind all that this process reported; ``None`` where that is away, or does
        not say it within the time that a call waits for what may take a commit."""
        until = self._end_of_look()
        if not self._is_there(until):
            return None
        if self._numbers.is_due:
            self._numbers.settle()
        if not self._authority.sender.is_this_thread and not self._fusebox.flush(until - monotonic()):
            return None
        try:
            return self._hear(lambda: self._orders.view(max(until - monotonic(), 0.001)))
        except OrderFailed:
            return None

    def _end_of_look(self) -> float:
        """Where outcomes were sent in vain, it may be that none is taken for long."""
        settings, is_held_up = self._authority.settings, self._authority.sender.is_held_up
        return monotonic() + (settings.timeout if is_held_up else settings.patience)

    def _is_there(self, until: float) -> bool:
        """Finds out whether Fusebox is back, where it is time to. The one attempt for a decision is left to calls: who
        looks learns nothing of decisions, and looks often."""
        reach, now = self._authority.reach, monotonic()
        if not reach.is_away:
            return True
        if reach.rest(now) > 0 or now < self._not_before:
            return False
        self._not_before = now + LONGEST_PAUSE
        try:
            self._orders.view(until - now)
        except OrderFailed as failure:
            return failure.status is not None
        return True

    def _hear(self, order: Callable[[], Any]) -> Any:
        asked = monotonic()
        view = order()
        generation = int(view["generation"])
        self._cell.answers(generation, asked)
        self._cell.learn(view["state"], generation)
        self._watch.hear(view["state"], generation)
        return view

    def open(self) -> bool:
        """Opens it for ``reset_timeout``, a second at least, in all processes.

        An operator's token is needed, as for ``half_open`` and ``close``.

        Raises:
            OrderFailed: where Fusebox did not do it.
        """
        self._begin_order()
        self._hear(lambda: self._orders.force_open(OPENED, max(self.reset_timeout, SHORTEST_OPENING)))
        return self.throw_new_error_on_trip

    def half_open(self) -> None:
        """Lets one call through, which decides."""
        self._begin_order()
        self._hear(self._orders.half_open)

    def close(self) -> None:
        self._begin_order()
        self._hear(self._orders.close)

    def _begin_order(self) -> None:
        """Makes the breaker unless it is there, and ends what ``open()`` has set. An operator's override stands."""
        if not self._numbers.is_settled:
            self._numbers.settle()
        self._fusebox.flush(self._authority.settings.patience)
        override = self._orders.view()["override"]
        if override is not None and override["reason"] == OPENED:
            self._orders.end_override()
