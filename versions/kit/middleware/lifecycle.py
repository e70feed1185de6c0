"""Rejects requests to a version that is retired or in a brownout."""

from typing import Final

from starlette.types import ASGIApp, Receive, Scope, Send

from app.http.lifecycle import LifecycleComponent
from app.http.runtime import runtime_of
from app.http.state import state_of
from app.kit.clock import utc_now
from observability.requests.routes import path_below_mount
from versions.kit.version import ApiVersion

OPEN_PATHS: Final = frozenset({"/openapi.json", "/asyncapi.json", "/docs", "/redoc"})
"""Served in every status: clients that migrate need the documents of the version that they leave."""


class LifecycleMiddleware:
    """Raises ``VersionRetired`` or ``VersionBrownedOut`` before any route runs. Only for versions with a sunset."""

    def __init__(self, app: ASGIApp, *, version: ApiVersion) -> None:
        self._app = app
        self._version = version

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "lifespan" and path_below_mount(scope) not in OPEN_PATHS:
            state_of(scope).sunset_version = self._version
            runtime_of(scope).get(LifecycleComponent).schedule.ensure_served(self._version, utc_now())
        await self._app(scope, receive, send)
