"""Everything that this process knows about one breaker."""

from __future__ import annotations

import math
import os
import threading
import time
from collections.abc import Callable
from typing import Any, NamedTuple, Optional

from .answers import said
from .decision import Decision, Source, State
from .functions import check_function
from .logs import log
from .nesting import Mark, note, running
from .outcomes import Item, milliseconds
from .policy import Policy
from .standin import StandIn
from .standing import Freshness, Override, Standing

#: The reason of a change in the log, if the server did not send one.
_REASONS: dict[Source, str] = {
    "local": "by the stream of changes",
    "server": "by an answer of the server",
    "fallback": "by this process alone",
}


def _no_note(name: str, is_allowed: bool) -> None:
    pass


class StateChange(NamedTuple):
    """A breaker's change of state, as this process received it."""

    breaker: str
    before: Optional[State]
    after: State
    #: The source of the change: ``local`` for the event stream, ``server`` for an answer, ``fallback`` for a decision
    #: of this process alone.
    source: Source
    #: The rule or event that caused the change; ``None`` if the server did not send it.
    cause: Optional[str] = None
    #: A sentence about the cause for a person; ``None`` if the server did not send it.
    detail: Optional[str] = None
    #: The generation of ``after``, or a lower bound of it; ``None`` if unknown.
    generation: Optional[int] = None


Listener = Callable[[StateChange], None]


def check_listener(listener: object) -> None:
    """
    Raises:
        TypeError: ``listener`` cannot be called, or is a coroutine function.
    """
    check_function("a listener must be a function of the change", listener)


class Cell:
    """One breaker in this process. All ``Breaker`` objects of its name share it. The ``Fusebox`` keeps it for good."""

    def __init__(self, name: str, freshness: Freshness, listeners: list[Listener], url: str = "") -> None:
        self.name = name
        #: Counts a decision of this process.
        self.note_decision: Callable[[str, bool], None] = _no_note
        self._url = url
        self.running = running(url, name, os.getpid())
        self._freshness = freshness
        self.standing = Standing(self)
        self.policy: Optional[Policy] = None
        #: The revision of the policy that is known. If it differs from ``policy_revision``, the policy is fetched.
        self.policy_known: Optional[int] = None
        #: The revision of the server's policy.
        self.policy_revision = 0
        #: The policy is fetched again after this instant of ``time.monotonic()``, if no stream reports its changes.
        self.policy_good_until = 0.0
        #: The breaker that decides while Fusebox is unreachable. It is kept if Fusebox is back only for a short time.
        self.stand_in: Optional[StandIn] = None
        #: The generation that was known when the stand-in began.
        self._stand_in_generation: Optional[int] = None
        #: Whether the stand-in began closed.
        self._began_closed = False
        #: The number of the absence in which the stand-in began.
        self._absence = 0
        #: Whether the stand-in made the last decision, and not Fusebox or the panel.
        self.is_alone = False
        self.state: Optional[State] = None
        #: The last state that Fusebox sent; ``None`` before the first.
        self.heard_state: Optional[State] = None
        #: The last known generation. Outcomes of decisions that this process makes alone count for this one only.
        self.generation: Optional[int] = None
        #: The instant at which ``generation`` was received, by ``time.monotonic()``.
        self._generation_at = float("-inf")
        #: The number of changes of the server's database so far. Generations of different databases are not comparable.
        self.history = 0
        #: The generation of the last answer, and its instant. They show a change of the database if there is no stream.
        self._answered, self._answered_at = 0, float("-inf")
        #: The end of the last denial, by ``time.monotonic()``. It is infinite for a ``force_open`` without an end.
        self.denied_until = 0.0
        #: Until this instant of ``time.monotonic()`` Fusebox is not asked, because it refused to decide.
        self.refused_until = 0.0
        self.listeners: list[Listener] = []
        self._all_listeners = listeners
        self.lock = threading.Lock()

    def forget(self) -> None:
        """Forgets the standing in a child of fork(): the child's own stream sends it again."""
        self.running = running(self._url, self.name, os.getpid())
        self.standing = Standing(self)
        self.stand_in = None
        self.is_alone = False
        self.lock = threading.Lock()

    def begin_history(self) -> None:
        """Begins with another database of the server, whose generations and revisions are not comparable.

        The state is kept, so that listeners are called if it changes.
        """
        self.history += 1
        self.standing = Standing(self)
        self.stand_in = self.generation = self.policy_known = self.heard_state = None
        self.denied_until = 0.0

    def begin(self, decision: Decision) -> Mark:
        """Marks this context as within the call that ``decision`` allowed, until the mark is emptied.

        A call that is part of another gets a mark that is not set in the context.
        """
        mark: Mark = [None]
        if decision.within is None:
            self.running.set(mark)
        return mark

    def go_on(self, mark: Mark, outer: Optional[Mark]) -> None:
        """Restores the mark from before ``mark`` was set, unless this is another context: the garbage collector may end
        a call in any context."""
        if self.running.get() is mark:
            self.running.set(outer)

    def decide_within(self, mark: Mark) -> Decision:
        """Allows a call that is part of a running one."""
        note(mark, None)
        state = self.standing.state or self.state or "closed"
        return Decision(True, state, None, None, "local", began=time.monotonic(), within=mark)

    def equal_durations(self, duration: float) -> tuple[float, float]:
        """The range of durations that the policy treats like ``duration``, in seconds: its start, and its excluded end.

        If the policy is unknown, it is the same millisecond.
        """
        if self.policy is None:
            ms = milliseconds(duration)
            return ms / 1_000, (ms + 1) / 1_000
        if self.policy.slow_call_ms is None:
            return 0.0, math.inf
        slow = self.policy.slow_call_ms / 1_000
        return (0.0, slow) if duration < slow else (slow, math.inf)

    def hear(self, answer: Any, item: Item) -> None:
        """Takes the answer to an outcome.

        The caller that waits for the answer continues as soon as the next call sees the state. It does not wait for the
        listeners, which may take long.
        """
        news = said(answer, item.permit)
        is_followed = self.is_followed
        if news is not None:
            self.learn(news.state, news.generation, is_exact=news.is_exact)
        item.answered(answer)
        if news is not None and not is_followed:
            self.heard_state = news.state
            self.becomes(news.state, "server", generation=news.generation)

    def learn(
        self,
        state: State,
        generation: Optional[int],
        open_until: Optional[float] = None,
        *,
        is_exact: bool = True,
    ) -> None:
        """Takes a state from an answer, if it is newer than the state from the stream.

        The stream sends the same state later, with its cause, and then the listeners are called.

        Args:
            is_exact: whether ``generation`` is exact, and not only a lower bound. With a lower bound and another state,
                calls ask the server until the stream sends the state.
        """
        with self.lock:
            standing = self.standing
            if generation is None or generation <= (standing.generation or 0):
                return
            if not is_exact:
                if standing.state != state:
                    self.standing = Standing(self)
                return
            self._knows(max(generation, self.generation or 0))
            if standing.generation is None:
                return
            self.settles(state, generation)
            # Any other override begins and ends with a generation, so it ended with the generation before this one.
            override = standing.override
            if override is not None and override.mode != "shadow":
                override = None
            self.standing = Standing(self, state, generation, open_until, override, self._freshness, is_learnt=True)
            self.denied_until = open_until or 0.0

    def place(
        self,
        state: State,
        generation: int,
        open_until: Optional[float],
        override: Optional[Override],
        *,
        is_anew: bool,
    ) -> None:
        """Takes a state from the stream, unless an answer already had a later generation.

        Args:
            is_anew: whether to take it in any case, because the stream begins again, perhaps from another database.
        """
        with self.lock:
            if self.generation is not None and generation < self.generation and not is_anew:
                return
            self.settles(state, generation)
            self.standing = Standing(self, state, generation, open_until, override, self._freshness)
            self._knows(generation)
            self.denied_until = open_until or 0.0

    def _knows(self, generation: int) -> None:
        self.generation, self._generation_at = generation, time.monotonic()

    @property
    def is_followed(self) -> bool:
        """Whether the stream reports this breaker's changes."""
        return self.standing.state is not None and time.monotonic() < self._freshness.until

    def begin_stand_in(self, stand_in: StandIn, absence: int) -> None:
        """Sets the stand-in that decides while Fusebox is unreachable. ``absence`` is the number of this absence."""
        self.stand_in = stand_in
        self._stand_in_generation, self._absence = self.generation, absence
        self._began_closed = stand_in.state == "closed"

    def is_stand_in_over(self, absence: int) -> bool:
        """Whether the stand-in is from another absence, and Fusebox has sent the state closed since."""
        return self._absence != absence and self.heard_state == "closed"

    def settles(self, state: State, generation: Optional[int]) -> None:
        """Takes a state that Fusebox sent. It ends a stand-in that began in another generation.

        A stand-in that did not begin closed outlives half open: each new stand-in would make another probe.
        """
        self.heard_state = state
        is_same = generation is not None and generation == self._stand_in_generation
        if not (is_same or (state == "half_open" and not self._began_closed)):
            self.stand_in = None

    def answers(self, generation: Optional[int], asked: float) -> None:
        """Takes the generation of an answer to a request of the instant ``asked``.

        If no stream shows which database it is from, a lower generation shows another database, provided that the
        request began after the last answer arrived.
        """
        if generation is None or self.standing.state is not None:
            return
        with self.lock:
            if generation < self._answered:
                if asked < self._answered_at:
                    return
                self.history += 1
            self._answered, self._answered_at = generation, time.monotonic()

    def decided(self, decision: Decision) -> None:
        """Takes a decision of Fusebox, which is therefore reachable: the stand-in no longer decides.

        A decision that a later answer has overtaken does not change the state.
        """
        generation = decision.generation
        self.answers(generation, decision.began)
        self.is_alone = False
        if generation is not None:
            if generation < (self.generation or 0) and decision.began < self._generation_at:
                return
            self._knows(generation)
        self.settles(decision.state, generation)
        denied_until = 0.0
        if not decision.allowed and decision.state == "open":
            # Only a denial by a ``force_open`` without an end has no ``retry_after``.
            denied_until = decision.began + (math.inf if decision.retry_after is None else decision.retry_after)
        self.learn(decision.state, generation, denied_until if 0.0 < denied_until < math.inf else None)
        self.denied_until = denied_until
        if not self.is_followed:
            self.becomes(decision.state, "server", generation=generation)

    def becomes(
        self,
        state: State,
        source: Source,
        cause: Optional[str] = None,
        detail: Optional[str] = None,
        generation: Optional[int] = None,
    ) -> None:
        """Sets the state, and calls the listeners if it has changed. The first state closed counts as no change."""
        with self.lock:
            before, self.state = self.state, state
        if before == state or (before is None and state == "closed"):
            return
        log.info("%s is %s (it was %s): %s", self.name, state, before or "unknown", detail or cause or _REASONS[source])
        change = StateChange(self.name, before, state, source, cause, detail, generation)
        for listener in self.listeners + self._all_listeners:
            try:
                listener(change)
            except Exception:
                log.exception("a listener to %s failed", self.name)
