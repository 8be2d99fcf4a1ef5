"""Decides calls by the panel, by a request to the server, or by this process alone; and reports outcomes."""

from __future__ import annotations

import math
from time import monotonic
from typing import Optional

from .alone import decide_alone
from .asking import Asking
from .cell import Cell
from .decision import Decision
from .decisions import Decisions
from .follower import Follower
from .link import Link
from .outbox import Outbox
from .panel import Panel
from .policies import Policies
from .reachability import Reachability
from .reporting import Reporting
from .sender import Sender
from .settings import Settings
from .threads import Threads

#: How many requests may run at once on behalf of coroutines.
WAITING = 16


class Authority(Reporting):
    """The implementation of one ``Fusebox``, for all its breakers."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._is_closed = False
        self.link = Link(settings.url, settings.token, settings.verify)
        self.reach = Reachability(settings.unreachable, settings.patience)
        self.decisions = Decisions(self.link)
        self.outbox = Outbox(settings.buffer, self.decisions)
        self.policies = Policies(self.link)
        self.sender = Sender(self.outbox, self.link, self.reach, settings, self.policies, self.decisions)
        self.asking = Asking(self.link, self.reach, settings, self.give_back)
        self.threads = Threads(WAITING, "fusebox-ask")
        self.panel = Panel(settings.max_staleness, self._want_policy, settings.url)
        self.panel.note_decision = self.sender.note_decision
        self.follower: Optional[Follower] = None
        if settings.mode == "local":
            self.follower = Follower(self.link, self.panel, self.reach, settings.max_staleness)

    def decide(self, cell: Cell) -> Decision:
        """Decides about one call. This may take as long as one request; Fusebox never makes it raise."""
        was_away = self.reach.is_away
        decision = self._decide_here(cell)
        return self._ask(cell, was_away) if decision is None else self._counted(cell, decision)

    def foresee(self, cell: Cell) -> Optional[Decision]:
        """The decision that a call would get without a request; ``None`` if only a request could tell. No call may use
        it."""
        if self.follower is None:
            return None
        self.follower.start()
        return self.panel.decide(cell)

    async def decide_async(self, cell: Cell) -> Decision:
        was_away = self.reach.is_away
        decision = self._decide_here(cell)
        if decision is not None:
            return self._counted(cell, decision)
        return await self.threads.run(self._ask, cell, was_away, abandoned=lambda late: self.leave(cell, late))

    def _decide_here(self, cell: Cell) -> Optional[Decision]:
        """The decision if it needs no request; ``None`` if Fusebox has to be asked."""
        if self.follower is not None:
            self.follower.start()
            decision = self.panel.decide(cell)
            if decision is not None:
                return self._beside(cell, decision)
        now = monotonic()
        return None if now >= cell.refused_until and self.reach.may_ask(now) else self._alone(cell)

    def _counted(self, cell: Cell, decision: Decision) -> Decision:
        """Counts a decision of this process for the server."""
        self.sender.note_decision(cell.name, decision.allowed)
        self.sender.start()
        return decision

    def _beside(self, cell: Cell, decision: Decision) -> Decision:
        """The panel's decision. After the stream broke, the stand-in of this process may deny as well, because Fusebox
        and the downstream may have failed together."""
        if cell.is_followed or decision.state != "closed" or self.settings.unreachable == "allow":
            return decision
        own = decide_alone(cell, "local", decision.began, None, self.reach.absence)
        return decision._replace(ticket=own.ticket) if own.state == "closed" else self._made_alone(own)

    def _ask(self, cell: Cell, was_away: bool) -> Decision:
        history = cell.history
        decision = self.asking.ask(cell, was_away)
        if decision is None:
            return self._counted(cell, self._alone(cell))
        if decision.is_probe:
            self.sender.start()  # A finalizer may have to give the probe back, and cannot start the thread.
        if cell.history == history:
            cell.decided(decision)
        if self.follower is None and self.policies.is_due(cell, decision.began):
            self._want_policy(cell)
        return decision

    def _alone(self, cell: Cell) -> Decision:
        now = monotonic()
        rest = max(self.reach.rest(now), cell.refused_until - now)
        rest_or_never = None if rest == math.inf else rest
        return self._made_alone(decide_alone(cell, self.settings.unreachable, now, rest_or_never, self.reach.absence))

    def _made_alone(self, decision: Decision) -> Decision:
        self.reach.decided_alone(decision.allowed)
        if decision.ticket is not None and decision.ticket.lease is not None:
            self.sender.start()
        return decision

    def _want_policy(self, cell: Cell) -> None:
        if self.policies.want(cell):
            self.sender.hurry()

    def after_fork(self) -> None:
        """Replaces the parent's locks, threads and connections in the child."""
        self.link.after_fork()
        self.reach.after_fork()
        self.decisions.after_fork()
        self.outbox.after_fork()
        self.sender.after_fork()
        self.threads.after_fork()
        self.policies.after_fork()
        self.panel.after_fork()
        if self.follower is not None:
            self.follower.after_fork()
        if self._is_closed:
            self._is_closed = False
            self.close(monotonic())

    def hurry(self) -> None:
        """Makes the sender send the waiting outcomes at once, if there are any."""
        if self.sender.has_something:
            self.sender.hurry()

    def flush(self, within: float) -> bool:
        """Sends the waiting outcomes, and waits until they are answered, for at most ``within`` seconds."""
        return self.sender.flush(within) if self.sender.has_something else True

    def farewell(self) -> None:
        """Stops following the stream, and starts to send the waiting outcomes. Does not wait; ``close`` does."""
        if self.follower is not None:
            self.follower.close()
        self.panel.freshness.end()
        self.hurry()

    def close(self, until: float) -> None:
        """Sends the waiting outcomes, until ``until`` by ``time.monotonic()``, and ends threads and connections."""
        if self._is_closed:
            return
        self._is_closed = True
        self.farewell()
        # Probes that are granted to cancelled callers are given back.
        self.threads.settle(until)
        self.link.join(until)
        self.sender.close(until)
        self.reach.close()
        self.link.close()
        self.threads.close()

    def join(self, until: float) -> None:
        """Waits for the end of the threads, until ``until`` by ``time.monotonic()``."""
        for each in (self.sender, self.follower, self.threads, self.link):
            if each is not None:
                each.join(until)
