"""Fusebox: one circuit breaker for each downstream service, shared by all your processes."""

from .breaker import Breaker
from .calls import Call
from .cell import StateChange
from .client import Fusebox
from .decision import Decision, Outcome, Source, State
from .errors import BreakerOpen, FuseboxError
from .fallback import NOTHING, Fallback, Invocation, Served

__all__ = [
    "NOTHING",
    "Breaker",
    "BreakerOpen",
    "Call",
    "Decision",
    "Fallback",
    "Fusebox",
    "FuseboxError",
    "Invocation",
    "Outcome",
    "Served",
    "Source",
    "State",
    "StateChange",
]
