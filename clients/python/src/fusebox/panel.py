"""The panel: the state of every breaker, from the server's event stream."""

from __future__ import annotations

import threading
from collections.abc import Callable
from time import monotonic
from typing import Optional

from .cell import Cell, Listener
from .clock import ServerClock
from .decision import Decision
from .events import Event, Outline
from .standing import Freshness, Override, Standing


class Panel:
    """The known states of all breakers, and the cells of the breakers that this process uses.

    One thread takes events. Others read standings, which are replaced and never changed.
    """

    def __init__(self, max_staleness: float, want_policy: Callable[[Cell], None], url: str = "") -> None:
        self._url = url
        self.freshness = Freshness(max_staleness)
        self.listeners: list[Listener] = []
        self._want_policy = want_policy
        #: Counts a decision of this process, if set.
        self.note_decision: Optional[Callable[[str, bool], None]] = None
        self._cells: dict[str, Cell] = {}
        self.after_fork()

    def after_fork(self) -> None:
        """Forgets everything in the child: its own stream begins with all breakers."""
        self.freshness.begin()
        self._lock = threading.Lock()
        self._outlines: dict[str, Outline] = {}
        self._clock = ServerClock()
        #: The estimate with which the instants of the outlines were translated: ``_clock``, or the one of the stream
        #: before until this stream sends an event.
        self._clock_of_outlines = self._clock
        #: The revision and the epoch of the last event; ``None`` before the first, and if the server sends none.
        self.revision: Optional[int] = None
        self.epoch: Optional[str] = None
        for cell in self._cells.values():
            cell.forget()

    def cell(self, name: str) -> Cell:
        with self._lock:
            cell = self._cells.get(name)
            if cell is None:
                cell = self._cells[name] = Cell(name, self.freshness, self.listeners, self._url)
                if self.note_decision is not None:
                    cell.note_decision = self.note_decision
                outline = self._outlines.get(name)
                if outline is not None:
                    self._place(cell, outline)
                    cell.state = outline.state
            return cell

    @property
    def position(self) -> Optional[str]:
        """The position from which the server can continue the stream; ``None`` if it has to begin with a resync."""
        if self.revision is None or self.epoch is None:
            return None if self.revision is None else str(self.revision)
        return f"{self.epoch}-{self.revision}"

    def begin(self) -> None:
        """Resets the clock at the start of a stream: the server may be another one, or its clock may have been set."""
        with self._lock:
            self._clock = ServerClock()

    def set_clock(self, at: float, now: float) -> None:
        """Takes the server's time ``at``, received at ``now``, and nothing about its breakers."""
        with self._lock:
            self._clock.hear(at, now)

    def take(self, event: Event, now: float, began: float) -> None:
        """Takes an event received at ``now``, of a stream requested at ``began``."""
        with self._lock:
            if event.is_clock_step and not self._clock.is_set_since(self._clock_of_outlines):
                # The estimate is of the clock before the step. If the clock was set back, all later events would seem
                # to be late. The opening heartbeat of a stream that was requested after the step is of the clock after
                # it, and its time is better than the resync's, which may be old.
                self._clock = ServerClock()
            self._clock_of_outlines = self._clock
            # A resync carries the time at which the server built it, which may be long ago and for another client. So
            # it sets the clock only if nothing else has. A repeated change may be old too, but a first one often
            # arrives with less delay than the heartbeats around it.
            is_better = (event.type != "resync" or not self._clock.is_set) and self._clock.hear(event.at, now)
            changed = self._taken(event)
            if is_better:
                for outline in self._outlines.values():
                    if outline.open_until is not None or outline.expires_at is not None:
                        self._put(outline)
            # A resync is valid when the server sends it, which is after ``began``. Its own time may be earlier: the
            # server may have built it for another client.
            said = began if event.type == "resync" else self._clock.local(event.at)
            if event.revision is not None:
                self.revision = event.revision
        was_fresh = now < self.freshness.until
        for cell, outline in changed:
            cell.is_alone = cell.is_alone and not cell.standing.decides(now)
            cell.becomes(outline.state, "local", event.cause, event.detail, outline.generation)
        self.freshness.heard(said)
        if not was_fresh:
            self.resume(now)

    def _taken(self, event: Event) -> list[tuple[Cell, Outline]]:
        is_anew = event.type == "resync"
        if is_anew:
            is_other_history = self._is_of_another_history(event)
            known = {outline.name: outline for outline in event.outlines}
            if is_other_history:
                for cell in self._cells.values():
                    cell.begin_history()
            gone = [name for name in (self._cells if is_other_history else self._outlines) if name not in known]
            self._outlines, self.epoch = known, event.epoch
        elif self.epoch is not None and event.epoch not in (self.epoch, None):
            raise ValueError(f"the stream of epoch {self.epoch} continues with epoch {event.epoch}")
        else:
            gone = [event.name] if event.type == "deleted" and event.name else []
            self._outlines.update((outline.name, outline) for outline in event.outlines)
            self.epoch = event.epoch or self.epoch
        for name in gone:
            self._outlines.pop(name, None)
            if name in self._cells:
                self._cells[name].standing = Standing(self._cells[name])
                self._cells[name].state = self._cells[name].stand_in = self._cells[name].generation = None
                self._cells[name].heard_state = None
                self._cells[name].denied_until = 0.0
        for outline in event.outlines:
            self._put(outline, is_anew=is_anew)
        return [(self._cells[each.name], each) for each in event.outlines if each.name in self._cells]

    def _is_of_another_history(self, event: Event) -> bool:
        """Whether a resync is from another database than the events before. An older server sends no epoch: there a
        lower revision shows another database."""
        if event.epoch != self.epoch:
            return self.epoch is not None or self.revision is not None
        is_lower = self.revision is not None and event.revision is not None and event.revision < self.revision
        return event.epoch is None and is_lower

    def _put(self, outline: Outline, *, is_anew: bool = False) -> None:
        cell = self._cells.get(outline.name)
        if cell is not None:
            self._place(cell, outline, is_anew=is_anew)

    def _place(self, cell: Cell, outline: Outline, *, is_anew: bool = False) -> None:
        local = self._clock.local
        open_until = None if outline.open_until is None else local(outline.open_until)
        override = None
        if outline.mode is not None:
            override = Override(outline.mode, None if outline.expires_at is None else local(outline.expires_at))
        cell.place(outline.state, outline.generation, open_until, override, is_anew=is_anew)
        cell.policy_revision = outline.policy_revision
        if cell.policy_known != outline.policy_revision:
            self._want_policy(cell)

    def resume(self, now: float) -> None:
        """Lets the panel decide again. Where it leaves the decision to the server, the stand-in continues, because the
        server may not answer."""
        with self._lock:
            cells = list(self._cells.values())
        for cell in cells:
            standing = cell.standing
            if standing.state is not None and standing.decides(now):
                cell.is_alone = False
                cell.becomes(standing.state, "local", generation=standing.generation)

    def decide(self, cell: Cell) -> Optional[Decision]:
        """The decision of a fresh panel. ``None`` if the panel is stale, and if only the server can decide: about a
        possible probe, and about a breaker that does not exist."""
        standing = cell.standing
        now = monotonic()
        if standing.state is None or now >= self.freshness.trusted_until:
            return None
        if standing.state == "closed":
            return Decision(True, "closed", standing.permit, None, "local", began=now)
        mode = standing.mode(now)
        if mode == "force_open":
            return Decision(False, "open", None, standing.override_rest(now), "local", began=now)
        open_until = standing.open_until
        if standing.state != "open" or open_until is None or now >= open_until:
            return None
        if mode == "shadow":
            return Decision(True, "open", standing.permit, None, "local", True, began=now)
        return Decision(False, "open", None, open_until - now, "local", began=now)
