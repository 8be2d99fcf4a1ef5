"""The log of this package. Text in a message may come from the network or from a caller, and is made printable."""

from __future__ import annotations

import logging


def printable(text: str) -> str:
    """``text`` with an escape for each character that is not printable, as ``repr`` writes them.

    Control characters could forge lines of a log or command a terminal. Others change the order in which text is shown,
    or end a line for some readers.
    """
    return text if text.isprintable() else "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def _make_printable(record: logging.LogRecord) -> bool:
    if isinstance(record.args, tuple):
        record.args = tuple(each if isinstance(each, (int, float)) else printable(str(each)) for each in record.args)
    return True


log = logging.getLogger("fusebox")
# The messages themselves are constants, so only their arguments need it.
log.addFilter(_make_printable)
