"""The lookup of host names within a time-out."""

from __future__ import annotations

import threading

import httpcore
import pytest

from fusebox.lookup import Lookup


def test_a_lookup_fails_at_once_if_no_thread_can_start(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    lookup = Lookup()
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", refuse)
        for _ in range(2):
            with pytest.raises(httpcore.ConnectError, match="can't start new thread"):
                lookup.addresses("localhost", 1, 30.0)
        assert lookup.addresses("127.0.0.1", 1, 30.0) == ["127.0.0.1"]
    assert lookup.addresses("localhost", 1, 30.0)


def test_a_lookup_works_while_the_interpreter_shuts_down(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(thread: threading.Thread) -> None:
        raise RuntimeError("can't create new thread at interpreter shutdown")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    assert Lookup().addresses("localhost", 1, 30.0)
