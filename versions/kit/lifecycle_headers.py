"""The lifecycle of a version as response headers and as a notice in its documentation."""

from email.utils import format_datetime

from app.lifecycle.version import VersionLifecycle, VersionStatus
from versions.kit.version import ApiVersion


def lifecycle_headers(version: VersionLifecycle) -> dict[str, str]:
    """``API-Version`` and, once deprecated, ``Deprecation`` (RFC 9745), ``Sunset`` (RFC 8594) and ``Link``.

    A preview has ``API-Status: preview``. Names are in lower case.
    """
    headers = {"api-version": version.name}
    if version.status is VersionStatus.PREVIEW:
        headers["api-status"] = version.status.value
    if version.deprecated_at is not None:
        headers["deprecation"] = f"@{int(version.deprecated_at.timestamp())}"
    if version.sunset_at is not None:
        headers["sunset"] = format_datetime(version.sunset_at, usegmt=True)
    if links := _links(version):
        headers["link"] = links
    return headers


def notice(version: ApiVersion, stage: VersionStatus) -> str:
    """The deprecation notice on top of a version's docs (Markdown); empty for other versions."""
    if not version.is_sunsetting:
        return ""
    end = "It has ended." if stage is VersionStatus.RETIRED else f"It ends on {version.sunset_at:%-d %B %Y}."
    way = f"[{version.successor}](/api/{version.successor}/docs) succeeds it; [the guide]({version.migration_guide})"
    return (
        f"**This version is {'in ' if stage is VersionStatus.BROWNOUT else ''}{stage}.** {end} {way} leads there.\n\n"
    )


def _links(version: VersionLifecycle) -> str:
    if version.deprecated_at is None:
        return ""
    links = [f'<{version.migration_guide}>; rel="deprecation"; type="text/html"'] if version.migration_guide else []
    if version.sunset_at is not None:
        links.append('</policies/versions>; rel="sunset"; type="text/html"')
    if version.successor is not None:
        links.append(f'</api/{version.successor}>; rel="successor-version"')
    return ", ".join(links)
