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

#: The reason of an override that ``open()`` sets.
OPENED = "opened by open() of a circuit breaker"
#: The shortest override that ``open()`` sets, in seconds.
SHORTEST_OPENING = 1.0


class CircuitBreaker(Guarding):
    """A circuit breaker whose state and counts are on the Fusebox server.

    Args:
        fail_max: consecutive failures that open the circuit. The first process creates the breaker on the server with
            ``fail_max``, ``reset_timeout`` and ``success_threshold``. If the breaker exists, the server's values
            apply: an operator may have changed them.
        reset_timeout: seconds for which the circuit stays open.
        success_threshold: successful trials that close the circuit again.
        exclude: exceptions that do not count as failures: classes, and functions of the exception.
        listeners: ``CircuitBreakerListener`` objects.
        state_storage: stores nothing, because Fusebox keeps the state. The ``namespace`` of a Redis storage is the
            name if there is no ``name``. Only the storages of this package are accepted.
        name: the name of the breaker, the same in all processes. By default it is named after the storage's
            ``namespace``, or else after the variable to which it is assigned.
        throw_new_error_on_trip: whether the call that opens it raises ``CircuitBreakerError`` instead of its own error.
        fusebox: the client of the server that has the breaker. The default is the argument of
            ``fusebox.pybreaker.use``, or else a client for ``FUSEBOX_URL``.
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
        #: While Fusebox is unreachable, a look sends no request before this instant of ``time.monotonic()``.
        self._not_before = 0.0
        self._attach(shared_name(shared))
        forking.register(self._watch)

    def _attach(self, name: str) -> None:
        self.breaker = self._fusebox.breaker(name)
        self._authority, self._cell = self.breaker._authority, self.breaker._cell
        self._numbers = Numbers(self._authority, self._cell, self._asked)
        self._orders = Orders(self._authority, self._cell)
        cell = self._cell
        # The cell is kept for good. With a weak reference it does not keep this circuit breaker too.
        me = weakref.ref(self, lambda _: cell.listeners.remove(learn))

        def learn(change: StateChange) -> None:
            circuit = me()
            if circuit is not None and circuit._cell is cell:  # It may have been renamed since the change.
                circuit._watch.hear(change.after, change.generation)

        self._watch.begin(self._cell.standing.state or self._cell.state, self._cell.standing.generation)
        self._listener = self.breaker.listen(learn)

    @property
    def name(self) -> Optional[str]:
        """The argument ``name``. ``breaker.name`` is the name on the server."""
        return self._name

    @name.setter
    def name(self, name: str) -> None:
        """Switches to another breaker on the server: the one with this name."""
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
        """The consecutive failures in all processes since the circuit closed.

        It asks the server, and is 0 while the server is unreachable. If the circuit is not closed, failed trials before
        the last transition count only if the token may read the transitions.
        """
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
        """The successful probes since the circuit is half open. It asks the server; 0 while it is unreachable."""
        view = self._look()
        return 0 if view is None else int(view["probes"]["successes"])

    @property
    def current_state(self) -> str:
        """``closed``, ``open`` or ``half-open``. It asks the server if the stream does not report this breaker."""
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
        """The breaker on the server, after all reports of this process.

        ``None`` if the server is unreachable, or does not answer within the time that a call waits for a commit.
        """
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
        """The instant at which a look gives up. It is earlier if outcomes could not be sent, because that may last."""
        settings, is_held_up = self._authority.settings, self._authority.sender.is_held_up
        return monotonic() + (settings.timeout if is_held_up else settings.patience)

    def _is_there(self, until: float) -> bool:
        """Whether Fusebox is reachable. If it was not, tries again after a pause.

        This does not use the one permitted request for a decision: programs look often, and an answer to a look does
        not show whether Fusebox makes decisions.
        """
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
        """Opens the circuit for ``reset_timeout`` seconds, and for at least one second, in all processes.

        This needs an operator's token, as ``half_open`` and ``close`` do.

        Raises:
            OrderFailed: Fusebox did not open the circuit.
        """
        self._begin_order()
        self._hear(lambda: self._orders.force_open(OPENED, max(self.reset_timeout, SHORTEST_OPENING)))
        return self.throw_new_error_on_trip

    def half_open(self) -> None:
        """Sets the circuit half open: probes decide whether it closes.

        Raises:
            OrderFailed: Fusebox did not change the state.
        """
        self._begin_order()
        self._hear(self._orders.half_open)

    def close(self) -> None:
        """Closes the circuit.

        Raises:
            OrderFailed: Fusebox did not close the circuit.
        """
        self._begin_order()
        self._hear(self._orders.close)

    def _begin_order(self) -> None:
        """Creates the breaker if it does not exist, and ends an override of ``open()``, but not one of an operator."""
        if not self._numbers.is_settled:
            self._numbers.settle()
        self._fusebox.flush(self._authority.settings.patience)
        override = self._orders.view()["override"]
        if override is not None and override["reason"] == OPENED:
            self._orders.end_override()
