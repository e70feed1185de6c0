"""Lifecycle headers on every response of a version, errors included."""

from email.utils import format_datetime

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.http.deprecations import HEADERS
from app.lifecycle.life import VersionStatus
from versions.kit.version import ApiVersion


class LifecycleHeaders:
    """Adds ``API-Version`` and, once deprecated, ``Deprecation`` (RFC 9745), ``Sunset`` (RFC 8594) and ``Link``.

    To whoever used something deprecated within a version, also what that was.
    """

    def __init__(self, app: ASGIApp, *, version: ApiVersion) -> None:
        self._app = app
        self._headers = [(name.encode(), value.encode()) for name, value in lifecycle_headers(version).items()]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                own = scope["state"].get(HEADERS, ())
                message = {**message, "headers": [*message.get("headers", ()), *self._headers, *own]}
            await send(message)

        await self._app(scope, receive, send_with_headers)


def lifecycle_headers(version: ApiVersion) -> dict[str, str]:
    """The fields that do not depend on the request, in lower case."""
    headers = {"api-version": version.name}
    if version.deprecated_at is not None:
        headers["deprecation"] = f"@{int(version.deprecated_at.timestamp())}"
    if version.sunset_at is not None:
        headers["sunset"] = format_datetime(version.sunset_at, usegmt=True)
    if links := _links(version):
        headers["link"] = links
    return headers


def notice(version: ApiVersion, stage: VersionStatus) -> str:
    """What readers of a version's pages must know before all else, in Markdown; nothing where it is here to stay."""
    if not version.ending:
        return ""
    end = "It has ended." if stage is VersionStatus.RETIRED else f"It ends on {version.sunset_at:%-d %B %Y}."
    way = f"[{version.successor}](/api/{version.successor}/docs) succeeds it; [the guide]({version.migration_guide})"
    return (
        f"**This version is {'in ' if stage is VersionStatus.BROWNOUT else ''}{stage}.** {end} {way} leads there.\n\n"
    )


def _links(version: ApiVersion) -> str:
    if version.deprecated_at is None:
        return ""
    links = [f'<{version.migration_guide}>; rel="deprecation"; type="text/html"'] if version.migration_guide else []
    if version.sunset_at is not None:
        links.append('</policies/versions>; rel="sunset"; type="text/html"')
    if version.successor is not None:
        links.append(f'</api/{version.successor}>; rel="successor-version"')
    return ", ".join(links)
