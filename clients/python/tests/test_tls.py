"""A client of a server that uses HTTPS."""

from __future__ import annotations

import pathlib
import ssl
from collections.abc import Callable, Iterator
from typing import Optional

import pytest
import trustme
from server import Server, eventually

from fusebox import BreakerOpen, Fusebox


class Authority:
    """A certificate authority that signs certificates and writes them to a folder."""

    def __init__(self, folder: pathlib.Path) -> None:
        self._folder = folder
        self._ca = trustme.CA(key_type=trustme.KeyType.ECDSA)
        self.path = folder / "authority.pem"
        self._ca.cert_pem.write_to_path(self.path)

    def issue(self, name: str) -> tuple[pathlib.Path, pathlib.Path]:
        """Creates a certificate for this machine, and returns the paths of the certificate and its key."""
        leaf = self._ca.issue_cert("127.0.0.1", "localhost", common_name=name, key_type=trustme.KeyType.ECDSA)
        files = (self._folder / f"{name}.pem", self._folder / f"{name}.key")
        leaf.cert_chain_pems[0].write_to_path(files[0])
        leaf.private_key_pem.write_to_path(files[1])
        return files

    def trust(self, own: Optional[tuple[pathlib.Path, pathlib.Path]] = None) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=str(self.path))
        if own is not None:
            context.load_cert_chain(own[0], own[1])
        return context


@pytest.fixture
def authority(tmp_path: pathlib.Path) -> Authority:
    return Authority(tmp_path)


@pytest.fixture
def secure(tmp_path: pathlib.Path, authority: Authority) -> Iterator[Callable[..., Server]]:
    """Starts servers that use HTTPS; they end with the test."""
    started: list[Server] = []

    def start(*options: str) -> Server:
        certificate, key = authority.issue("fusebox")
        trust = authority.trust(authority.issue("tests"))
        started.append(Server(tmp_path, "--tls-cert", str(certificate), "--tls-key", str(key), *options, trust=trust))
        return started[-1]

    yield start
    for each in started:
        each.close()


def failing() -> None:
    raise ConnectionError


@pytest.mark.parametrize("mode", ["local", "remote"])
def test_a_breaker_opens_over_https(
    secure: Callable[..., Server], authority: Authority, make: Callable[..., Fusebox], name: str, mode: str
) -> None:
    fusebox = make(secure(), mode=mode, verify=str(authority.path))
    payments = fusebox.breaker(name)
    for _ in range(5):
        with pytest.raises(ConnectionError):
            payments.call(failing)
    assert fusebox.flush(30)

    def is_open() -> bool:
        with pytest.raises((ConnectionError, BreakerOpen)) as raised:
            payments.call(failing)
        return raised.type is BreakerOpen

    eventually("the breaker opens", is_open)
    assert not fusebox.is_away


def test_an_untrusted_server_decides_nothing(
    secure: Callable[..., Server], make: Callable[..., Fusebox], name: str
) -> None:
    fusebox = make(secure(), mode="remote", unreachable="deny")
    with pytest.raises(BreakerOpen):
        fusebox.breaker(name).call(int)
    assert fusebox.is_away


def test_a_server_can_require_a_client_certificate(
    secure: Callable[..., Server], authority: Authority, make: Callable[..., Fusebox], name: str
) -> None:
    server = secure("--tls-client-ca", str(authority.path))
    own = authority.issue("checkout")
    known = make(server, mode="remote", unreachable="deny", verify=authority.trust(own))
    assert known.breaker(name).call(int) == 0
    stranger = make(server, mode="remote", unreachable="deny", verify=authority.trust())
    with pytest.raises(BreakerOpen):
        stranger.breaker(name).call(int)
