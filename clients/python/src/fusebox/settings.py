"""What a Fusebox was told at its making, checked."""

from __future__ import annotations

import os
import socket
import ssl
from dataclasses import dataclass
from typing import Literal, Optional, Union, get_args

from .kinds import LONGEST_REPORTER, whole

Mode = Literal["local", "remote"]
Unreachable = Literal["local", "allow", "deny"]


@dataclass(frozen=True)
class Settings:
    url: str
    token: Optional[str]
    mode: Mode
    unreachable: Unreachable
    timeout: float
    max_staleness: float
    reporter: Optional[str]
    buffer: int
    verify: Union[bool, str, ssl.SSLContext]

    def __post_init__(self) -> None:
        if self.mode not in get_args(Mode):
            raise ValueError(f"mode must be one of {get_args(Mode)}, not {self.mode!r}")
        if self.unreachable not in get_args(Unreachable):
            raise ValueError(f"unreachable must be one of {get_args(Unreachable)}, not {self.unreachable!r}")
        for field in ("timeout", "max_staleness"):
            if not getattr(self, field) > 0:
                raise ValueError(f"{field} must be more than 0 seconds, not {getattr(self, field)!r}")
        if self.reporter is not None:
            if len(self.reporter) > LONGEST_REPORTER:
                raise ValueError(f"reporter must have at most {LONGEST_REPORTER} characters")
            object.__setattr__(self, "reporter", whole(self.reporter, LONGEST_REPORTER))


def default_reporter() -> str:
    """This host and process, as ``checkout-7:4711``; a child of fork() is another process."""
    return f"{whole(socket.gethostname(), 100)}:{os.getpid()}"
