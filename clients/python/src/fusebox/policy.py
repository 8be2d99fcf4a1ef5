"""The numbers of one breaker, as Fusebox keeps them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, Optional


class Policy(NamedTuple):
    """Rules and recovery; the defaults are the server's. ``None`` is off."""

    failure_threshold: Optional[int] = 5
    failure_count_threshold: Optional[int] = None
    failure_rate_threshold: Optional[float] = None
    slow_call_rate_threshold: Optional[float] = None
    slow_call_ms: Optional[int] = None
    minimum_calls: int = 10
    window_ms: Optional[int] = 60_000
    window_calls: Optional[int] = None
    recovery_timeout_ms: int = 60_000
    recovery_timeout_multiplier: float = 1
    recovery_timeout_max_ms: int = 600_000
    half_open_probes: int = 1
    success_threshold: int = 1
    probe_lease_ms: int = 30_000

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> Policy:
        """From the server's JSON; fields that it has and this does not are left alone.

        Raises:
            TypeError: where a field is no number. Found out by a decision, it would fail a call.
        """
        policy = cls(**{field: document[field] for field in cls._fields if field in document})
        for field, value in zip(cls._fields, policy):
            may_be_off = cls._field_defaults[field] is None or field in ("failure_threshold", "window_ms")
            if not isinstance(value, (int, float)) and not (value is None and may_be_off):
                raise TypeError(f"{field} is no number: {value!r:.100}")
        return policy

    def is_slow(self, duration: Optional[float]) -> bool:
        """Whether a call of so many seconds is slow."""
        return self.slow_call_ms is not None and duration is not None and duration >= self.slow_call_ms / 1_000
