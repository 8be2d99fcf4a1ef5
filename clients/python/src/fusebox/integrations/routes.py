"""Selects the breaker of a request by its URL."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Optional
from urllib.parse import urlsplit

import httpx

from ..names import check_name, shared_name

#: A function of a request's method and URL that returns the breaker's name; ``None`` for an unprotected request.
Route = Callable[[str, str], Optional[str]]

_DEFAULT_PORTS = {"http": 80, "https": 443}


def per_host(method: str, url: str) -> Optional[str]:
    """One breaker for each host: ``api.example.com``, or ``api.example.com:8443`` if the port is not the default one.

    A host that is not ASCII has its name in DNS, ``xn--…``. An IPv6 address is ``2001:db8::1``, with a port
    ``2001:db8::1-8443``. If it begins with a colon, a zero comes first: ``0::1``.
    """
    parts = urlsplit(url)
    host = (parts.hostname or "").rstrip(".")
    if not host:
        return None
    separator = ":"
    if ":" in host:
        separator = "-"
        host = f"0{host}" if host.startswith(":") else host
    elif not host.isascii():
        host = _ascii(host)
    if parts.port is not None and parts.port != _DEFAULT_PORTS.get(parts.scheme):
        host = f"{host}{separator}{parts.port}"
    return shared_name(host)


def _ascii(host: str) -> str:
    try:
        return httpx.URL(f"http://{host}/").raw_host.decode()
    except httpx.InvalidURL:
        return host


def per_route(names: Mapping[str, str], otherwise: Optional[Route] = None) -> Route:
    """One breaker for each prefix of URLs.

    Args:
        names: breaker names by prefix, such as ``{"https://pay.example.com/v1/charges": "payments:charge",
            "POST https://pay.example.com": "payments:write"}``. A prefix matches if the rest of the URL is empty or
            begins with ``/``, ``?`` or ``#``. The longest match wins; of equal ones, the one with a method.
        otherwise: the route for a request without a match, such as ``per_host``. By default it is unprotected.

    Raises:
        ValueError: one of the names is not a valid name of a breaker.
    """
    routes = []
    for pattern, name in names.items():
        method, _, beginning = pattern.rpartition(" ")
        routes.append((beginning.rstrip("/"), method.upper(), check_name(name)))
    routes.sort(key=lambda route: (-len(route[0]), not route[1]))

    def route(method: str, url: str) -> Optional[str]:
        for beginning, only, name in routes:
            fits = url.startswith(beginning) and url[len(beginning) : len(beginning) + 1] in ("", "/", "?", "#")
            if fits and only in ("", method.upper()):
                return name
        return None if otherwise is None else otherwise(method, url)

    return route
