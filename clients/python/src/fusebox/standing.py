"""What the panel says of one breaker, and how long that is fresh."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple, Optional

from .decision import State

if TYPE_CHECKING:
    from .cell import Cell

Mode = Literal["force_open", "force_closed", "shadow"]


class Freshness:
    """Up to when the panel may decide. One for all of it, moved on by whoever hears from the server."""

    __slots__ = ("_is_over", "_max_staleness", "trusted_until", "until")

    def __init__(self, max_staleness: float) -> None:
        self._max_staleness = max_staleness
        self._is_over = False
        #: By ``time.monotonic()``: up to when it decides by itself.
        self.until = float("-inf")
        #: And up to when it decides together with the breaker of this process, after the stream broke.
        self.trusted_until = float("-inf")

    def heard(self, said: float) -> None:
        """What the panel holds was so at ``said``, by ``time.monotonic()``."""
        if not self._is_over:
            self.until = self.trusted_until = max(self.trusted_until, said + self._max_staleness)
        if self._is_over:
            self.expire()  # Another thread may have ended it meanwhile.

    def broke(self) -> None:
        """The stream says nothing more."""
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


#: Of what may not be decided without a look at the whole standing.
NEVER = Freshness(0.0)


class Override(NamedTuple):
    mode: Mode
    #: By ``time.monotonic()``; ``None`` where it has no end.
    expires_at: Optional[float]


class Standing:
    """A breaker as the server's last event left it, or a later answer. It is replaced, never changed.

    ``lets_through`` is what a protected call looks at first: the panel's freshness where every call is allowed, else
    one that never is. So one comparison tells whether this call may go through without another look.
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
        #: ``None`` for a breaker of which the panel knows nothing.
        self.state: Optional[State] = state
        self.generation = generation
        self.permit = None if generation is None else str(generation)
        #: By ``time.monotonic()``.
        self.open_until = open_until
        self.override = override
        #: Whether it is from an answer to this process, which the stream has yet to confirm.
        self.is_learnt = is_learnt
        self.lets_through = freshness if state == "closed" else NEVER

    def mode(self, now: float) -> Optional[Mode]:
        """Of the override that stands, unless it has run out by now."""
        override = self.override
        if override is None or (override.expires_at is not None and now >= override.expires_at):
            return None
        return override.mode

    def decides(self, now: float) -> bool:
        """Whether a fresh panel need not leave the decision to the server, which alone can say of a possible probe."""
        is_open = self.open_until is not None and now < self.open_until
        return self.state == "closed" or is_open or self.mode(now) == "force_open"

    def override_rest(self, now: float) -> Optional[float]:
        """Seconds until the override ends; ``None`` where it has no end."""
        if self.override is None or self.override.expires_at is None:
            return None
        return self.override.expires_at - now
