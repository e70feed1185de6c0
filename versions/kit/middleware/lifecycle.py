"""The layer behind which a version that has ended, or rehearses its end, does nothing."""

from typing import Final

from starlette.types import ASGIApp, Receive, Scope, Send

from app.http.lifecycle import LifecycleComponent
from app.http.runtime import runtime_of
from app.http.state import state_of
from app.kit.clock import utc_now
from observability.requests.routes import path_below_mount
from versions.kit.version import ApiVersion

OPEN_PATHS: Final = frozenset({"/openapi.json", "/docs", "/redoc"})
"""What a version always answers: whoever has to leave it needs its documents to know what to replace."""


class LifecycleMiddleware:
    """Raises ``VersionRetired`` or ``VersionBrownedOut`` in front of every route. For versions that may end only."""

    def __init__(self, app: ASGIApp, *, version: ApiVersion) -> None:
        self._app = app
        self._version = version

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and path_below_mount(scope) not in OPEN_PATHS:
            state_of(scope).sunset_version = self._version
            runtime_of(scope).get(LifecycleComponent).schedule.ensure_served(self._version, utc_now())
        await self._app(scope, receive, send)
