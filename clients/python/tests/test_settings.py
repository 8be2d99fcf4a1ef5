"""The settings of a Fusebox."""

from __future__ import annotations

import pathlib

import pytest
from doubtful import CLOSED, Doubtful, answer

from fusebox import Fusebox
from fusebox.settings import Settings


def test_the_trailing_newline_of_a_token_from_a_file_is_removed(tmp_path: pathlib.Path) -> None:
    file = tmp_path / "token"
    file.write_text("s3cret\n")
    with Doubtful(lambda path, body: answer(CLOSED)) as server:
        with Fusebox(server.url, mode="remote", timeout=5.0, token=file.read_text()) as fb:
            assert fb.breaker("payments").acquire().source == "server"
            assert fb._authority.settings.token == "s3cret"


@pytest.mark.parametrize("token", ["s3c\nret", "s3c\r\nx: ret", "s3c ret", "s3cr\u00e9t", "s3c\x00ret", "s3c\x7fret"])
def test_a_token_that_no_header_can_contain_is_refused_and_not_quoted(token: str) -> None:
    with pytest.raises(ValueError, match="token must be") as refusal:
        Fusebox(token=token)
    assert "s3c" not in str(refusal.value)
    assert refusal.value.__context__ is None


def test_settings_do_not_show_the_token() -> None:
    times = {"timeout": 1.0, "probe_timeout": 1.0, "max_staleness": 1.0}
    settings = Settings("http://127.0.0.1:1", "s3cret", "local", "local", **times, reporter=None, buffer=1, verify=True)
    assert settings.token == "s3cret" and "s3cret" not in repr(settings)


def test_the_defaults_are_as_documented() -> None:
    with Fusebox("http://127.0.0.1:7979") as fb:
        settings = fb._authority.settings
        assert (settings.mode, settings.unreachable) == ("local", "local")
        assert (settings.timeout, settings.max_staleness, settings.buffer) == (0.05, 5.0, 10_000)
        assert (settings.probe_timeout, settings.patience) == (0.5, 0.5)
    with Fusebox(timeout=2.0) as fb:
        assert fb._authority.settings.patience == 2.0
