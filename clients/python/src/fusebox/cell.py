"""All that this process knows of one breaker."""

from __future__ import annotations

import logging
import math
import os
import threading
import time
from collections.abc import Callable
from typing import Any, NamedTuple, Optional

from .answers import said
from .decision import Decision, Source, State
from .functions import check_function
from .nesting import Mark, note, running
from .outcomes import Item, milliseconds
from .policy import Policy
from .standin import StandIn
from .standing import Freshness, Override, Standing

log = logging.getLogger("fusebox")


class StateChange(NamedTuple):
    """A breaker's change of state, as this process learnt of it."""

    breaker: str
    before: Optional[State]
    after: State
    #: Who said so: ``local`` for the stream of events, ``server`` for an answer, ``fallback`` for this process alone.
    source: Source
    #: The rule or event that caused it, and a sentence for a person; ``None`` where the server did not tell.
    cause: Optional[str] = None
    detail: Optional[str] = None
    #: That ``after`` belongs to, or a later one; ``None`` where nothing says.
    generation: Optional[int] = None


Listener = Callable[[StateChange], None]


def check_listener(listener: object) -> None:
    """
    Raises:
        TypeError: it cannot be called.
    """
    check_function("a listener must be a function of the change", listener)


class Cell:
    """One name in this process: shared by all its ``Breaker`` objects, and kept for as long as its ``Fusebox``."""

    def __init__(self, name: str, freshness: Freshness, listeners: list[Listener], url: str = "") -> None:
        self.name = name
        self._url = url
        self.running = running(url, name, os.getpid())
        self._freshness = freshness
        self.standing = Standing(self)
        self.policy: Optional[Policy] = None
        #: The revision of the policy that is known, and of the one there is: where they differ it is to be fetched.
        self.policy_known: Optional[int] = None
        self.policy_revision = 0
        #: By ``time.monotonic()``, where no stream tells of its changes.
        self.policy_good_until = 0.0
        #: What decides where Fusebox is away. It outlives one that comes and goes.
        self.stand_in: Optional[StandIn] = None
        #: The generation that was known when it began, whether it was closed then, and the absence in which that was.
        self._stand_in_generation: Optional[int] = None
        self._began_closed = False
        self._absence = 0
        #: Whether it decided last, and not Fusebox or the panel.
        self.is_alone = False
        self.state: Optional[State] = None
        #: As Fusebox said last; ``None`` before it did.
        self.heard_state: Optional[State] = None
        #: The last that was heard of: what is decided without the server counts for it, and for none that follows.
        self.generation: Optional[int] = None
        #: When that was, by ``time.monotonic()``.
        self._generation_at = float("-inf")
        #: Counts the databases of the server that were heard of: generations of two say nothing of each other.
        self.history = 0
        #: Of the last answer, where no stream tells of histories: its generation, and when it was heard.
        self._answered, self._answered_at = 0, float("-inf")
        #: By ``time.monotonic()``: how far the last denial reached. Endless is what an operator has shut for good.
        self.denied_until = 0.0
        #: The same: until when Fusebox is not asked, for it decides nothing about this breaker.
        self.refused_until = 0.0
        self.listeners: list[Listener] = []
        self._all_listeners = listeners
        self.lock = threading.Lock()

    def forget(self) -> None:
        """In a child of fork(): its own stream tells it anew."""
        self.running = running(self._url, self.name, os.getpid())
        self.standing = Standing(self)
        self.stand_in = None
        self.is_alone = False
        self.lock = threading.Lock()

    def begin_history(self) -> None:
        """What follows is of another database of the server's, whose generations and revisions mean something else. The
        state is kept, so that listeners are told of its change."""
        self.history += 1
        self.standing = Standing(self)
        self.stand_in = self.generation = self.policy_known = self.heard_state = None
        self.denied_until = 0.0

    def begin(self, decision: Decision) -> Mark:
        """Marks this context as within the call that ``decision`` let through, until the mark is emptied. One that is
        part of another has a mark that nothing meets."""
        mark: Mark = [None]
        if decision.within is None:
            self.running.set(mark)
        return mark

    def go_on(self, mark: Mark, outer: Optional[Mark]) -> None:
        """Marks this context as before ``mark`` was set. The garbage collector ends a call in another one."""
        if self.running.get() is mark:
            self.running.set(outer)

    def decide_within(self, mark: Mark) -> Decision:
        """Lets a call through that is part of the running one."""
        note(mark, None)
        state = self.standing.state or self.state or "closed"
        return Decision(True, state, None, None, "local", began=time.monotonic(), within=mark)

    def equal_durations(self, duration: float) -> tuple[float, float]:
        """Between which durations, from the one to below the other, the policy makes no difference, in seconds. Where
        it is not known, those of the same millisecond."""
        if self.policy is None:
            ms = milliseconds(duration)
            return ms / 1_000, (ms + 1) / 1_000
        if self.policy.slow_call_ms is None:
            return 0.0, math.inf
        slow = self.policy.slow_call_ms / 1_000
        return (0.0, slow) if duration < slow else (slow, math.inf)

    def hear(self, answer: Any, item: Item) -> None:
        """Takes the answer to an outcome. Whoever waits for it goes on as soon as the next call knows of it, and before
        listeners are told, which may take their time."""
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
        """Takes what an answer says of a breaker that the stream tells of, if that is newer. The stream confirms it,
        and tells the listeners why.

        Args:
            is_exact: whether ``generation`` is the one, and not the least that it can be if the state has changed: then
                the server is asked until the stream tells.
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
            # The only one that begins no generation, and so may be in force still.
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
        """Takes what the stream tells, unless an answer told of a later generation already.

        Args:
            is_anew: whether it counts all the same, for the stream begins again, perhaps with another history.
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
        """Whether the stream tells of its changes."""
        return self.standing.state is not None and time.monotonic() < self._freshness.until

    def begin_stand_in(self, stand_in: StandIn, absence: int) -> None:
        """Has it decide in this absence of Fusebox, and in those that follow at once."""
        self.stand_in = stand_in
        self._stand_in_generation, self._absence = self.generation, absence
        self._began_closed = stand_in.state == "closed"

    def is_stand_in_over(self, absence: int) -> bool:
        """Whether what it knows is of another absence, in between which Fusebox let calls through."""
        return self._absence != absence and self.heard_state == "closed"

    def settles(self, state: State, generation: Optional[int]) -> None:
        """Fusebox says in which state the breaker is. That ends a stand-in that began in another period; but half open
        is the same one as the open before it, for each end of a stand-in is another probe."""
        self.heard_state = state
        is_same = generation is not None and generation == self._stand_in_generation
        if not (is_same or (state == "half_open" and not self._began_closed)):
            self.stand_in = None

    def answers(self, generation: Optional[int], asked: float) -> None:
        """Takes the generation of an answer to what was asked at ``asked``. Where no stream tells of histories, one
        that was asked for since the last answer and is lower is of another."""
        if generation is None or self.standing.state is not None:
            return
        with self.lock:
            if generation < self._answered:
                if asked < self._answered_at:
                    return
                self.history += 1
            self._answered, self._answered_at = generation, time.monotonic()

    def decided(self, decision: Decision) -> None:
        """Takes what Fusebox decided; it is there, so nothing stands in for it. An answer that others have overtaken
        changes nothing else."""
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
            # Only a ``force_open`` without an end denies without saying for how long.
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
        """Tells listeners, if ``state`` is another than before."""
        with self.lock:
            before, self.state = self.state, state
        if before == state or (before is None and state == "closed"):
            return
        change = StateChange(self.name, before, state, source, cause, detail, generation)
        for listener in self.listeners + self._all_listeners:
            try:
                listener(change)
            except Exception:
                log.exception("a listener to %s failed", self.name)
