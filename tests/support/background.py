"""Background work whose every step fails."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest
from structlog.testing import capture_logs

from app.errors import Unavailable
from tests.support.waiting import eventually


async def logged_by_outage(
    monkeypatch: pytest.MonkeyPatch, owner: object, step: str, running: Callable[[], AbstractAsyncContextManager[Any]]
) -> set[tuple[str, str]]:
    """The events and levels of the log while the method ``step`` of ``owner`` raises ``Unavailable`` at least twice."""

    async def fail() -> None:
        raise Unavailable

    monkeypatch.setattr(owner, step, fail)
    with capture_logs() as lines:

        async def logged_twice() -> bool:
            return len(lines) >= 2

        async with running():
            await eventually(logged_twice)
    return {(line["event"], line["log_level"]) for line in lines}
