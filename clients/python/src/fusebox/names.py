"""The names of breakers."""

from __future__ import annotations

import hashlib
import logging
import re

log = logging.getLogger("fusebox")

#: As many characters as the server takes.
LONGEST_NAME = 128

_NAME = re.compile(rf"[A-Za-z0-9][A-Za-z0-9._:-]{{0,{LONGEST_NAME - 1}}}")
#: Hexadecimal digits of the original's SHA-256 that tell a changed name from others.
_DIGITS = 8
#: What has been logged in this process.
_changed: set[str] = set()


def check_name(name: object) -> str:
    """
    Raises:
        ValueError: ``name`` is no breaker's name.
    """
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise ValueError(
            f"name must be 1 to 128 characters of A-Z a-z 0-9 . _ : -, starting with a letter or digit, not {name!r}"
        )
    return name


def shared_name(original: str) -> str:
    """``original`` where it is a breaker's name. Otherwise what is left of it when each other character is a hyphen,
    followed by a hash of the original: two different originals have two names. It is logged once."""
    if not isinstance(original, str) or not original:
        raise ValueError(f"name must be a non-empty string, not {original!r}")
    if _NAME.fullmatch(original):
        return original
    digest = hashlib.sha256(original.encode("utf-8", "surrogatepass")).hexdigest()[:_DIGITS]
    words = re.sub(r"[^A-Za-z0-9._:-]+", "-", original)[: LONGEST_NAME - _DIGITS - 1].strip("-._:")
    name = f"{words or 'breaker'}-{digest}"
    if original not in _changed:
        _changed.add(original)
        log.warning("the breaker %r is called %s in Fusebox, which accepts only A-Z a-z 0-9 . _ : -", original, name)
    return name
