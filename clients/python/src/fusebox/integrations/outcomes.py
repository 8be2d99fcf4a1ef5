"""The breakers of outgoing requests, and the default rule for failed responses."""

from __future__ import annotations

from typing import Any, Optional

from ..breaker import Breaker
from ..classification import Classification, Exceptions, Failed
from ..client import Fusebox
from ..functions import check_function
from .routes import Route


def failed_at_server(response: Any) -> bool:
    """Whether a response has a status of 500 or above."""
    return bool(response.status_code >= 500)


class Outgoing:
    """The breakers of a client's requests. Each is created for the first request that belongs to it."""

    def __init__(
        self, fusebox: Fusebox, route: Route, failures: Exceptions, ignore: Exceptions, failed: Optional[Failed]
    ) -> None:
        Classification(failures, ignore, failed)  # Raises for invalid arguments here, and not at the first request.
        check_function("route must be a function of method and URL", route)
        self._fusebox = fusebox
        self._route = route
        self._options: dict[str, Any] = {"failures": failures, "ignore": ignore, "failed": failed}
        self._breakers: dict[str, Breaker] = {}

    def breaker(self, method: str, url: str) -> Optional[Breaker]:
        name = self._route(method, url)
        if name is None:
            return None
        breaker = self._breakers.get(name)
        if breaker is None:
            breaker = self._breakers[name] = self._fusebox.breaker(name, **self._options)
        return breaker
