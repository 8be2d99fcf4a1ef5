"""The panel's state of one breaker, and how long it is fresh."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple, Optional

from .decision import State

if TYPE_CHECKING:
    from .cell import Cell

Mode = Literal["force_open", "force_closed", "shadow"]


class Freshness:
    """The instant until which the panel may decide. All breakers share one; each event moves it."""

    __slots__ = ("_is_over", "_max_staleness", "trusted_until", "until")

    def __init__(self, max_staleness: float) -> None:
        self._max_staleness = max_staleness
        self._is_over = False
        #: The panel decides by itself until this instant of ``time.monotonic()``.
        self.until = float("-inf")
        #: After the stream broke, the panel decides together with the stand-in until this instant.
        self.trusted_until = float("-inf")

    def heard(self, said: float) -> None:
        """Notes that the panel was up to date at ``said``, by ``time.monotonic()``."""
        if not self._is_over:
            self.until = self.trusted_until = max(self.trusted_until, said + self._max_staleness)
        if self._is_over:
            self.expire()  # Another thread may have ended it meanwhile.

    def broke(self) -> None:
        """Notes that the stream broke: the panel no longer decides by itself."""
        self.until = float("-inf")

    def expire(self) -> None:
        """Stops the panel's decisions until the next event."""
        self.until = self.trusted_until = float("-inf")

    def end(self) -> None:
        """Stops the panel's decisions for good, even if a thread still receives events."""
        self._is_over = True
        self.expire()

    def begin(self) -> None:
        """Undoes an end, in a child with a stream of its own."""
        self._is_over = False
        self.expire()


#: The freshness of a standing that cannot allow a call without another check. It has always passed.
NEVER = Freshness(0.0)


class Override(NamedTuple):
    mode: Mode
    #: The instant of its end, by ``time.monotonic()``; ``None`` if it has no end.
    expires_at: Optional[float]


class Standing:
    """A breaker's state after the server's last event, or after a later answer. It is replaced, and never changed.

    A protected call first reads ``lets_through``: the panel's freshness if every call is allowed, otherwise ``NEVER``.
    So one comparison decides whether the call may go through without further checks.
    """

    __slots__ = ("cell", "generation", "is_learnt", "lets_through", "open_until", "override", "permit", "state")

    def __init__(
        self,
        cell: Cell,
        state: Optional[State] = None,
        generation: Optional[int] = None,
        open_until: Optional[float] = None,
        override: Optional[Override] = None,
        freshness: Freshness = NEVER,
        is_learnt: bool = False,
    ) -> None:
        self.cell = cell
        #: ``None`` if the panel does not know the breaker.
        self.state: Optional[State] = state
        self.generation = generation
        self.permit = None if generation is None else str(generation)
        #: The end of an open state, by ``time.monotonic()``; ``None`` if it has none, or the breaker is not open.
        self.open_until = open_until
        self.override = override
        #: Whether the state is from an answer to this process, and the stream has not sent it yet.
        self.is_learnt = is_learnt
        self.lets_through = freshness if state == "closed" else NEVER

    def mode(self, now: float) -> Optional[Mode]:
        """The mode of the override in force at ``now``; ``None`` if there is none."""
        override = self.override
        if override is None or (override.expires_at is not None and now >= override.expires_at):
            return None
        return override.mode

    def decides(self, now: float) -> bool:
        """Whether a fresh panel can decide. Only the server can decide about a possible probe."""
        is_open = self.open_until is not None and now < self.open_until
        return self.state == "closed" or is_open or self.mode(now) == "force_open"

    def override_rest(self, now: float) -> Optional[float]:
        """Seconds until the override ends; ``None`` if it has no end."""
        if self.override is None or self.override.expires_at is None:
            return None
        return self.override.expires_at - now
