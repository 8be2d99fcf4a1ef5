"""The answer to an acquire, and the types of its fields."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple, Optional

if TYPE_CHECKING:
    from .nesting import Mark
    from .standin import Ticket

State = Literal["closed", "open", "half_open"]
Outcome = Literal["success", "failure", "ignored"]
#: What made the decision: the panel in this process (``local``), the Fusebox server (``server``), or this process alone
#: because Fusebox was unreachable or had refused to decide (``fallback``).
Source = Literal["local", "server", "fallback"]


class Decision(NamedTuple):
    """The decision whether one call may go through."""

    allowed: bool
    state: State
    #: The permit that the report carries back; ``None`` for a denial, and if no generation of the breaker is known.
    permit: Optional[str] = None
    #: Seconds until it is worth asking again; ``None`` if allowed, and if unknown.
    retry_after: Optional[float] = None
    source: Source = "server"
    #: Whether the call is allowed only because the breaker is in shadow mode.
    would_deny: bool = False
    #: How long a probe's permit stays valid, counted from ``began``, in milliseconds; ``None`` if this is not a probe.
    lease_ms: Optional[int] = None
    #: The instant of the request, by ``time.monotonic()``.
    began: float = 0.0
    #: The ticket that the report returns to the stand-in breaker that decided.
    ticket: Optional[Ticket] = None
    #: The generation in force when the server made this decision; ``None`` if the server did not make it, or did not
    #: send its generation. ``generation`` uses it if there is no permit.
    denied_in: Optional[int] = None
    #: The mark of the running call that contains this one. The running call reports for both.
    within: Optional[Mark] = None

    @property
    def generation(self) -> Optional[int]:
        """The generation in the permit, where a probe's lease id may follow it; without a permit, ``denied_in``."""
        number = (self.permit or "").partition("-")[0]
        return int(number) if number.isdecimal() else self.denied_in

    @property
    def is_probe(self) -> bool:
        """Whether this call is a probe that the server granted. The breaker's next state depends on its report."""
        return self.lease_ms is not None
