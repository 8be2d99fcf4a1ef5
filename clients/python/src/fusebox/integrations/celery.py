"""Celery: a task that is denied comes again when it is worth it."""

from __future__ import annotations

import math
import random
from typing import Any, Optional

from celery import Task
from celery.exceptions import Retry
from celery.signals import worker_process_shutdown, worker_shutdown

from ..errors import BreakerOpen
from ..forking import flush_all

#: Waits are longer by up to this share, at random: tasks that were denied together do not come back together.
SPREAD = 0.1
#: Seconds that a task waits at most while a probe decides. The denial says when the probe's lease ends, which is long
#: after most probes have.
WHILE_PROBED = 1.0


class BreakerTask(Task):  # type: ignore[misc]
    """A task that ``BreakerOpen`` sends back to its queue until ``retry_after`` is over.

    ``@app.task(base=BreakerTask)``, or ``Celery(…, task_cls=BreakerTask)`` for all. A denial is no attempt: it leaves
    ``max_retries`` alone, and ``autoretry_for`` and ``retry_backoff`` go on for what the task itself raises. What may
    not wait for ever has ``expires``. Called directly, or eagerly, the task raises.
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
        """As in Celery; where ``exc`` is a denial, ``retry_after`` is waited for at least."""
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
        """Sends the task to its queue again; what this gives is to be raised."""
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
    """Sends what a worker has to report before it ends: a process of Celery's pool ends without ``atexit``."""
    flush_all()


for signal in (worker_process_shutdown, worker_shutdown):
    signal.connect(_flush)


def wait_for(denied: BreakerOpen, otherwise: float) -> float:
    """Seconds until a denied task is worth trying again; ``otherwise`` where nothing says."""
    rest = denied.retry_after
    if rest is None or not math.isfinite(rest):
        rest = otherwise
    if denied.state == "half_open":
        rest = min(rest, WHILE_PROBED)
    return rest * random.uniform(1.0, 1.0 + SPREAD)
