"""Different names of circuit breakers and different hosts lead to different breaker names."""

from __future__ import annotations

import logging
import re
import subprocess
import sys
from typing import Any

import pytest
from processes import environment

from fusebox import Fusebox
from fusebox.integrations.routes import per_host, per_route
from fusebox.pybreaker import CircuitBreaker, CircuitRedisStorage

HASHED = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,118}-[0-9a-f]{8}")


@pytest.fixture
def fusebox() -> Any:
    with Fusebox("http://127.0.0.1:9") as fb:
        yield fb


def name_in_fusebox(fusebox: Fusebox, name: str) -> str:
    return CircuitBreaker(name=name, fusebox=fusebox).breaker.name


@pytest.mark.parametrize(
    "names",
    [
        ("pay/charge", "pay charge", "pay-charge"),
        (" pay", "pay ", "pay"),
        ("_pay", "pay_", "pay__"),
        ("x" * 128, "x" * 129, "x" * 128 + "y", "x" * 128 + "z"),
        ("оплата", "支付", "💳", "/", "?"),
        ("café", "cafe\u0301", "caf"),
        ("caf\udce9", "caf?"),
    ],
)
def test_different_circuit_breakers_have_different_breaker_names(fusebox: Fusebox, names: tuple[str, ...]) -> None:
    assert len({name_in_fusebox(fusebox, name) for name in names}) == len(names)


@pytest.mark.parametrize("name", ["pay", "shop.db_breaker", "Pay:charge-7", "x" * 128, "pay-", "7.:"])
def test_a_valid_breaker_name_is_kept(fusebox: Fusebox, name: str) -> None:
    assert name_in_fusebox(fusebox, name) == name


@pytest.mark.parametrize(
    ("name", "known_as"),
    [
        ("pay/charge", "pay-charge-4de26c8c"),
        ("оплата", "breaker-2a16be21"),
        ("x" * 129, "x" * 119 + "-0ec9eb33"),
    ],
)
def test_a_changed_name_is_the_same_in_each_process(fusebox: Fusebox, name: str, known_as: str) -> None:
    assert name_in_fusebox(fusebox, name) == known_as
    program = f"from fusebox.pybreaker import CircuitBreaker; print(CircuitBreaker(name={name!r}).breaker.name)"
    command = [sys.executable, "-c", program]
    shown = subprocess.run(command, env=environment(), capture_output=True, text=True, check=True, timeout=60)
    assert shown.stdout.strip() == known_as


def test_a_changed_name_is_logged_once_and_the_circuit_breaker_shows_the_original(
    fusebox: Fusebox, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING, "fusebox")
    circuits = [CircuitBreaker(name="orders of today", fusebox=fusebox) for _ in range(3)]
    assert {circuit.name for circuit in circuits} == {"orders of today"}
    (shared,) = {circuit.breaker.name for circuit in circuits}
    assert HASHED.fullmatch(shared)
    assert caplog.text.count("'orders of today'") == 1 and shared in caplog.text


def test_a_storage_namespace_and_a_later_name_are_changed_in_the_same_way(fusebox: Fusebox) -> None:
    storage = CircuitRedisStorage(namespace="orders/shop")
    circuit = CircuitBreaker(state_storage=storage, fusebox=fusebox)
    assert circuit.breaker.name == name_in_fusebox(fusebox, "orders/shop")
    circuit.name = "orders shop"
    assert (circuit.name, circuit.breaker.name) == ("orders shop", name_in_fusebox(fusebox, "orders shop"))
    assert circuit.breaker.name != name_in_fusebox(fusebox, "orders/shop")


@pytest.mark.parametrize("name", ["", 7])
def test_a_name_that_is_empty_or_not_a_string_is_refused(fusebox: Fusebox, name: Any) -> None:
    circuit = CircuitBreaker(name="pay", fusebox=fusebox)
    with pytest.raises(ValueError, match="name must be"):
        circuit.name = name
    assert (circuit.name, circuit.breaker.name) == ("pay", "pay")


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("http://[::1]/", "0::1"),
        ("http://[::1]:8080/", "0::1-8080"),
        ("http://[::1:8080]/", "0::1:8080"),
        ("http://[2001:DB8::7]/", "2001:db8::7"),
        ("http://[2001:db8::7]:8443/", "2001:db8::7-8443"),
        ("http://[2001:db8::7:8443]/", "2001:db8::7:8443"),
        ("https://bücher.example/", "xn--bcher-kva.example"),
        ("https://xn--bcher-kva.example/", "xn--bcher-kva.example"),
        ("https://bücher.example:8443/", "xn--bcher-kva.example:8443"),
        ("https://API.example.com./", "api.example.com"),
        ("https://shop:secret@api.example.com/", "api.example.com"),
        ("file:///etc/hosts", None),
    ],
)
def test_each_host_has_its_own_breaker(url: str, name: Any) -> None:
    assert per_host("GET", url) == name


def test_hosts_that_are_not_breaker_names_have_different_breakers() -> None:
    hosts = ["_a.example", "a.example", "[fe80::1%25eth0]", "[fe80::1%25eth1]", *("x" * 130 + end for end in "ab")]
    names = [per_host("GET", f"http://{host}/") for host in hosts]
    assert len(set(names)) == len(hosts) and None not in names


def test_a_route_with_an_invalid_breaker_name_is_refused_at_once() -> None:
    with pytest.raises(ValueError, match="pay/charge"):
        per_route({"https://pay.example.com": "pay/charge"})
