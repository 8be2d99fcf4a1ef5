"""Bodies of responses that end a call when they end."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Optional

import httpx

from ..calls import Call


class GuardedStream(httpx.SyncByteStream):
    """A body that ends its call when it is closed or breaks off. If it is freed before that, the call is given back."""

    def __init__(self, stream: httpx.SyncByteStream, call: Call) -> None:
        self._stream = stream
        self._call: Optional[Call] = call

    def __iter__(self) -> Iterator[bytes]:
        try:
            yield from self._stream
        except GeneratorExit:  # The reader has read enough; it closes the body next.
            raise
        except BaseException as error:
            self._end(error)
            raise

    def close(self) -> None:
        try:
            self._stream.close()
        finally:
            self._end(None)

    def _end(self, error: Optional[BaseException]) -> None:
        call, self._call = self._call, None
        if call is not None:
            call.__exit__(None if error is None else type(error), error, None)


class AsyncGuardedStream(httpx.AsyncByteStream):
    """The ``GuardedStream`` for asynchronous bodies."""

    def __init__(self, stream: httpx.AsyncByteStream, call: Call) -> None:
        self._stream = stream
        self._call: Optional[Call] = call

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            async for part in self._stream:
                yield part
        except GeneratorExit:  # The reader has read enough; it closes the body next.
            raise
        except BaseException as error:
            await self._end(error)
            raise

    async def aclose(self) -> None:
        try:
            await self._stream.aclose()
        finally:
            await self._end(None)

    async def _end(self, error: Optional[BaseException]) -> None:
        call, self._call = self._call, None
        if call is not None:
            await call.__aexit__(None if error is None else type(error), error, None)
