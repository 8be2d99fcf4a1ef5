"""Fusebox: one circuit breaker for each downstream service, shared by all your processes."""

from .breaker import Breaker
from .cached import CachedFallback
from .calls import Call
from .cell import StateChange
from .client import Fusebox
from .decision import Decision, Outcome, Source, State
from .errors import BreakerOpen, FuseboxError
from .fallback import NOTHING, Fallback, Invocation, Served
from .statistics import Statistics
from .stores import Cached, MemoryStore, RedisStore, Store

__all__ = [
    "NOTHING",
    "Breaker",
    "BreakerOpen",
    "Cached",
    "CachedFallback",
    "Call",
    "Decision",
    "Fallback",
    "Fusebox",
    "FuseboxError",
    "Invocation",
    "MemoryStore",
    "Outcome",
    "RedisStore",
    "Served",
    "Source",
    "State",
    "StateChange",
    "Statistics",
    "Store",
]
