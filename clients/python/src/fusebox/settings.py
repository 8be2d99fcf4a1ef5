"""The checked arguments of a ``Fusebox``."""

from __future__ import annotations

import os
import socket
import ssl
from dataclasses import dataclass, field
from typing import Literal, Optional, Union, get_args

from .kinds import LONGEST_REPORTER, whole

Mode = Literal["local", "remote"]
Unreachable = Literal["local", "allow", "deny"]


@dataclass(frozen=True)
class Settings:
    url: str
    token: Optional[str] = field(repr=False)
    mode: Mode
    unreachable: Unreachable
    timeout: float
    probe_timeout: float
    max_staleness: float
    reporter: Optional[str]
    buffer: int
    verify: Union[bool, str, ssl.SSLContext]

    def __post_init__(self) -> None:
        if self.mode not in get_args(Mode):
            raise ValueError(f"mode must be one of {get_args(Mode)}, not {self.mode!r}")
        if self.unreachable not in get_args(Unreachable):
            raise ValueError(f"unreachable must be one of {get_args(Unreachable)}, not {self.unreachable!r}")
        for name in ("timeout", "probe_timeout", "max_staleness"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} must be more than 0 seconds, not {getattr(self, name)!r}")
        if self.token is not None:
            object.__setattr__(self, "token", _header(self.token))
        if self.reporter is not None:
            if len(self.reporter) > LONGEST_REPORTER:
                raise ValueError(f"reporter must have at most {LONGEST_REPORTER} characters")
            object.__setattr__(self, "reporter", whole(self.reporter, LONGEST_REPORTER))

    @property
    def patience(self) -> float:
        """Seconds for a request that the server may have to commit: a probe, its outcome, a breaker to create."""
        return max(self.timeout, self.probe_timeout)


def _header(token: str) -> str:
    """``token`` without surrounding white space, such as a file's last newline.

    Each request would fail with a token that no header can carry, and the error in the log would contain the token.
    """
    token = token.strip()
    if not (token.isascii() and token.isprintable()) or " " in token:
        raise ValueError("token must be visible ASCII, without spaces")
    return token


def default_reporter() -> str:
    """The name of this host and the id of this process: ``checkout-7:4711``. A child of fork() has its own."""
    return f"{whole(socket.gethostname(), 100)}:{os.getpid()}"
