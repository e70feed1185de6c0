"""Documents for programs: the versions, the API catalogue (RFC 9727), security.txt (RFC 9116)."""

from datetime import timedelta
from typing import Any, Final

from app.kit.clock import rfc3339, rfc3339_or_none, utc_now
from app.lifecycle.schedule import Schedule
from versions.kit.version import ApiVersion
from versions.registry import VERSIONS

_CONTACT: Final = "mailto:security@strata.example"


def versions_document(schedule: Schedule) -> dict[str, Any]:
    """The body of ``GET /api``."""
    return {"versions": [version_document(version, schedule) for version in VERSIONS]}


def version_document(version: ApiVersion, schedule: Schedule) -> dict[str, Any]:
    """One version: the body of ``GET /api/vN``, to which ``rel="successor-version"`` links.

    ``brownouts`` are those that go on or are to come.
    """
    now = utc_now()
    return {
        "name": version.name,
        "status": schedule.status(version, now).value,
        "released": version.released.isoformat(),
        "deprecated_at": rfc3339_or_none(version.deprecated_at),
        "sunset_at": rfc3339_or_none(version.sunset_at),
        "retired_at": rfc3339_or_none(schedule.retired_at(version)),
        "brownouts": [
            {"from": rfc3339_or_none(window.starts_at), "until": rfc3339_or_none(window.ends_at)}
            for window in schedule.windows(version)
            if window.ends_at > now
        ],
        "successor": version.successor,
        "url": version.prefix,
        "openapi": f"{version.prefix}/openapi.json",
        "docs": f"{version.prefix}/docs",
        "migration_guide": version.migration_guide,
    }


def api_catalog(base_url: str) -> dict[str, Any]:
    """The link set (RFC 9264) of all versions."""
    return {"linkset": [_links(base_url, version) for version in VERSIONS]}


def _links(base_url: str, version: ApiVersion) -> dict[str, Any]:
    url = f"{base_url}{version.prefix}"
    links: dict[str, Any] = {
        "anchor": url,
        "service-desc": [{"href": f"{url}/openapi.json", "type": "application/json"}],
        "service-doc": [{"href": f"{url}/docs", "type": "text/html"}],
        "status": [{"href": f"{base_url}/health/ready", "type": "application/json"}],
    }
    if version.successor:
        links["successor-version"] = [{"href": f"{base_url}/api/{version.successor}"}]
    return links


def security_txt(base_url: str) -> str:
    """``Expires`` is always half a year ahead, within the year that RFC 9116, section 2.5.5 recommends."""
    expires = (utc_now() + timedelta(days=180)).replace(hour=0, minute=0, second=0, microsecond=0)
    return (
        f"Contact: {_CONTACT}\nExpires: {rfc3339(expires)}\n"
        f"Canonical: {base_url}/.well-known/security.txt\nPreferred-Languages: en\n"
    )
