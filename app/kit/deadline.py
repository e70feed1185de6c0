"""The deadline of a request: it ends the work, and the database connections that the work waits for."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from types import TracebackType
from typing import Final, Protocol, Self

from app.errors import Unavailable

_RETRY_AFTER: Final = 2
_PAUSED_SECONDS: Final = 1.0


class DeadlineExceeded(Unavailable):
    """The deadline passed. The client gets 503, and may repeat the request."""


class Terminable(Protocol):
    """A connection whose pending calls fail at once when it is terminated."""

    def terminate(self) -> None: ...


class Deadline:
    """Cancels the task when the time is up, after terminating the connections that it uses.

    A cancelled statement waits for the server's reply to the cancellation, and so do a rollback and a close; a server
    that hangs never replies. On a terminated connection all of them return at once, so the deadline includes clean-up.
    The block raises ``DeadlineExceeded``.

    Not ``asyncio.timeout``, which cancels only, and whose wait therefore lasts as long as the clean-up.
    """

    __slots__ = (
        "_cancelling",
        "_connections",
        "_loop",
        "_paused_at",
        "_pauses",
        "_task",
        "_timer",
        "_token",
        "_when",
        "expired",
    )

    def __init__(self, seconds: float) -> None:
        self._loop = asyncio.get_running_loop()
        self._when = self._loop.time() + seconds
        self._paused_at: float | None = None
        self._pauses = 0
        self._connections: list[Terminable] = []
        self._timer: asyncio.TimerHandle | None = None
        self.expired = False

    def __enter__(self) -> Self:
        task = asyncio.current_task()
        if task is None:
            message = "a deadline needs a task"
            raise RuntimeError(message)
        self._task = task
        self._cancelling = task.cancelling()
        self._timer = self._loop.call_at(self._when, self._expire)
        self._token = _CURRENT.set(self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()
        _CURRENT.reset(self._token)
        if self.expired and self._task.uncancel() <= self._cancelling and isinstance(error, asyncio.CancelledError):
            raise DeadlineExceeded(retry_after=_RETRY_AFTER) from error

    def end(self) -> None:
        """Stop the clock: the response starts, and how long it takes is up to the client."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def pause(self) -> None:
        """Do not count the time until ``resume``: the client sends its body. Pauses may be nested."""
        self._pauses += 1
        if self._pauses == 1:
            self._paused_at = self._loop.time()

    def resume(self) -> None:
        """Count again after the outermost ``pause``."""
        self._pauses = max(0, self._pauses - 1)
        if self._pauses == 0 and self._paused_at is not None:
            self._when += self._loop.time() - self._paused_at
            self._paused_at = None

    def add(self, connection: Terminable) -> None:
        """Terminate ``connection`` when the time is up. Raises ``DeadlineExceeded`` if it is up already."""
        if self.expired:
            connection.terminate()
            raise DeadlineExceeded(retry_after=_RETRY_AFTER)
        self._connections.append(connection)

    def remove(self, connection: Terminable) -> None:
        """The task does not use ``connection`` any longer."""
        if connection in self._connections:
            self._connections.remove(connection)

    def _expire(self) -> None:
        now = self._loop.time()
        if self._paused_at is not None or now < self._when:
            self._timer = self._loop.call_at(max(self._when, now + _PAUSED_SECONDS), self._expire)
            return
        self._timer = None
        self.expired = True
        for connection in tuple(self._connections):
            connection.terminate()
        self._task.cancel()


_CURRENT: Final[ContextVar[Deadline | None]] = ContextVar("deadline", default=None)


def current_deadline() -> Deadline | None:
    """The deadline under which the running code is executed."""
    return _CURRENT.get()


@contextmanager
def deadline_paused() -> Iterator[None]:
    """Do not count the time of the block: it lasts as long as the client sends."""
    deadline = current_deadline()
    if deadline is None:
        yield
        return
    deadline.pause()
    try:
        yield
    finally:
        deadline.resume()
