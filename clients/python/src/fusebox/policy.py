"""The policy of one breaker, as the server stores it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, Optional


class Policy(NamedTuple):
    """The rules and the recovery of a breaker. The defaults are the server's; a rule that is ``None`` is off."""

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
        """Reads the server's JSON; ignores unknown fields. A wrong value fails here, and not later in a call.

        Raises:
            TypeError: a field is not a number.
            ValueError: a field is out of its range.
        """
        given = {field: document[field] for field in cls._fields if field in document}
        return cls(**{field: _read(field, value, cls._field_defaults[field]) for field, value in given.items()})

    def is_slow(self, duration: Optional[float]) -> bool:
        """Whether a call of ``duration`` seconds is slow."""
        return self.slow_call_ms is not None and duration is not None and duration >= self.slow_call_ms / 1_000


#: The range of each field, both ends included, as on the server. Only for the two rates, the server does not accept 0.
RANGES: dict[str, tuple[float, float]] = {
    "failure_threshold": (1, 10_000),
    "failure_count_threshold": (1, 1_000_000),
    "failure_rate_threshold": (0, 1),
    "slow_call_rate_threshold": (0, 1),
    "slow_call_ms": (1, 3_600_000),
    "minimum_calls": (1, 1_000_000),
    "window_ms": (1_000, 3_600_000),
    "window_calls": (1, 1_000),
    "recovery_timeout_ms": (100, 86_400_000),
    "recovery_timeout_multiplier": (1, 10),
    "recovery_timeout_max_ms": (100, 86_400_000),
    "half_open_probes": (1, 100),
    "success_threshold": (1, 1_000),
    "probe_lease_ms": (100, 300_000),
}
_FRACTIONS = ("failure_rate_threshold", "slow_call_rate_threshold", "recovery_timeout_multiplier")


def _read(field: str, value: Any, default: Any) -> Any:
    if value is None and (default is None or field in ("failure_threshold", "window_ms")):
        return None
    if not isinstance(value, (int, float)):
        raise TypeError(f"{field} is not a number: {value!r:.100}")
    least, most = RANGES[field]
    if not least <= value <= most or (field not in _FRACTIONS and value != int(value)):
        raise ValueError(f"{field} is out of range: {value!r:.100}")
    return value if field in _FRACTIONS else int(value)
