"""The names of breakers."""

from __future__ import annotations

import hashlib
import re

from .logs import log

#: The server's limit of a name, in characters.
LONGEST_NAME = 128

_NAME = re.compile(rf"[A-Za-z0-9][A-Za-z0-9._:-]{{0,{LONGEST_NAME - 1}}}")
#: Hexadecimal digits of the original's SHA-256 in a changed name. They distinguish it from others.
_DIGITS = 8
#: The original names that were changed and logged in this process.
_changed: set[str] = set()


def check_name(name: object) -> str:
    """
    Raises:
        ValueError: ``name`` is not a valid name of a breaker.
    """
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise ValueError(
            f"name must be 1 to 128 characters of A-Z a-z 0-9 . _ : -, starting with a letter or digit, not {name!r}"
        )
    return name


def shared_name(original: str) -> str:
    """The breaker's name for ``original``: ``original`` itself if it is a valid name.

    Otherwise each run of invalid characters becomes a hyphen, and a hash of the original follows, so that different
    originals have different names. Each changed name is logged once.
    """
    if not isinstance(original, str) or not original:
        raise ValueError(f"name must be a non-empty string, not {original!r}")
    if _NAME.fullmatch(original):
        return original
    digest = hashlib.sha256(original.encode("utf-8", "surrogatepass")).hexdigest()[:_DIGITS]
    words = re.sub(r"[^A-Za-z0-9._:-]+", "-", original)[: LONGEST_NAME - _DIGITS - 1].strip("-._:")
    name = f"{words or 'breaker'}-{digest}"
    if original not in _changed:
        _changed.add(original)
        log.warning("the breaker '%s' is called %s in Fusebox, which accepts only A-Z a-z 0-9 . _ : -", original, name)
    return name
