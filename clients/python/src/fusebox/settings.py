"""What a Fusebox was told at its making, checked."""

from __future__ import annotations

import os
import socket
import ssl
from dataclasses import dataclass
from typing import Literal, Optional, Union, get_args

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
        if self.reporter is not None and len(self.reporter) > 128:
            raise ValueError("reporter must have at most 128 characters")


def default_reporter() -> str:
    """This host and process, as ``checkout-7:4711``; a child of fork() is another process."""
    return f"{socket.gethostname()[:100]}:{os.getpid()}"
