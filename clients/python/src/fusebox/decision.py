"""The answer to an acquire, and the words that it is made of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple, Optional

if TYPE_CHECKING:
    from .nesting import Mark
    from .standin import Ticket

State = Literal["closed", "open", "half_open"]
Outcome = Literal["success", "failure", "ignored"]
#: Who decided: the panel in this process, Fusebox itself, or this process alone because Fusebox was away.
Source = Literal["local", "server", "fallback"]


class Decision(NamedTuple):
    """Whether a call may go through. It holds for one call."""

    allowed: bool
    state: State
    #: What a report carries back; ``None`` for a denial, and where Fusebox was never reached.
    permit: Optional[str] = None
    #: Seconds until it is worth asking again; ``None`` where allowed, and where nothing says.
    retry_after: Optional[float] = None
    source: Source = "server"
    #: Allowed only because the breaker is in shadow.
    would_deny: bool = False
    #: How long a probe's permit stays valid, counted from ``began``, in milliseconds; ``None`` for what is no probe.
    lease_ms: Optional[int] = None
    #: When it was asked for, by ``time.monotonic()``.
    began: float = 0.0
    #: What the in-process breaker that decided wants back.
    ticket: Optional[Ticket] = None
    #: Of a denial by Fusebox, the generation that denies.
    denied_in: Optional[int] = None
    #: The running call that this one is part of, and that reports for both.
    within: Optional[Mark] = None

    @property
    def generation(self) -> Optional[int]:
        """Of its permit, which for a probe has more to it; of a denial, where Fusebox said it."""
        number = (self.permit or "").partition("-")[0]
        return int(number) if number.isdecimal() else self.denied_in

    @property
    def is_probe(self) -> bool:
        """Whether this call decides what becomes of the breaker, and all others wait for its report."""
        return self.lease_ms is not None
