"""Celery: a denied task runs again when its breaker may allow it."""

from __future__ import annotations

import math
import random
from typing import Any, Optional

from celery import Task
from celery.exceptions import Retry
from celery.signals import worker_process_shutdown, worker_shutdown

from ..errors import BreakerOpen
from ..forking import flush_all

#: A random part of up to this share is added to each wait, so that tasks denied together do not run again together.
SPREAD = 0.1
#: The longest wait while a probe runs, in seconds, without the random part. The denial's ``retry_after`` is then the
#: time until the probe's lease ends, and most probes end long before that.
WHILE_PROBED = 1.0


class BreakerTask(Task):  # type: ignore[misc]
    """A task that goes back to its queue when it raises ``BreakerOpen``, and runs again after ``retry_after``.

    Use it with ``@app.task(base=BreakerTask)``, or with ``Celery(…, task_cls=BreakerTask)`` for all tasks. A denial
    does not count towards ``max_retries``. ``autoretry_for`` and ``retry_backoff`` still apply to the task's other
    exceptions. Set ``expires`` on a task that must not wait for ever. A task that is called directly or eagerly raises
    ``BreakerOpen``.
    """

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        try:
            return super().__call__(*args, **kwargs)
        except BreakerOpen as denied:
            raise self.come_again(denied) from denied

    def retry(
        self,
        args: Any = None,
        kwargs: Any = None,
        exc: Optional[BaseException] = None,
        throw: bool = True,
        eta: Any = None,
        countdown: Optional[float] = None,
        max_retries: Optional[int] = None,
        **options: Any,
    ) -> Any:
        """Retries as in Celery. If ``exc`` is a denial and there is no ``eta``, it waits at least as ``wait_for`` says,
        and the denial does not count towards ``max_retries``."""
        if not isinstance(exc, BreakerOpen) or eta is not None:
            return super().retry(args, kwargs, exc, throw, eta, countdown, max_retries, **options)
        again = self.come_again(exc, args, kwargs, countdown, **options)
        if throw:
            raise again
        return again

    def come_again(
        self,
        denied: BreakerOpen,
        args: Any = None,
        kwargs: Any = None,
        countdown: Optional[float] = None,
        **options: Any,
    ) -> BaseException:
        """Sends the task to its queue again; returns the exception that the task has to raise."""
        request = self.request
        if request.called_directly or request.is_eager:
            return denied
        wait = max(wait_for(denied, self.default_retry_delay), countdown or 0.0)
        signature = self.signature_from_request(
            request, args, kwargs, countdown=wait, retries=request.retries, **options
        )
        signature.apply_async()
        again: BaseException = Retry(exc=denied, when=wait, sig=signature)
        return again


def _flush(**_: Any) -> None:
    """Sends a worker's waiting outcomes before it ends: a process of Celery's pool does not run ``atexit``."""
    flush_all()


for signal in (worker_process_shutdown, worker_shutdown):
    signal.connect(_flush)


def wait_for(denied: BreakerOpen, otherwise: float) -> float:
    """Seconds until a denied task runs again, from ``retry_after``, or from ``otherwise`` if that is unknown."""
    rest = denied.retry_after
    if rest is None or not math.isfinite(rest):
        rest = otherwise
    if denied.state == "half_open":
        rest = min(rest, WHILE_PROBED)
    return rest * random.uniform(1.0, 1.0 + SPREAD)
