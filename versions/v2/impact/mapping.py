"""Maps impact analyses between v2 schemas and the core."""

from collections.abc import Mapping
from datetime import date
from typing import Any, Final

from app.impact.commands import IdPrefixes, ImpactRequest
from versions.v2.ids import API_KEY, USER
from versions.v2.impact import schemas

_PREFIXES: Final = IdPrefixes(user=USER, api_key=API_KEY)


def wanted(since: date | None, version: str | None) -> ImpactRequest:
    """Returns the analysis of these parameters."""
    return ImpactRequest(since, version, _PREFIXES)


def report(found: Mapping[str, Any]) -> schemas.ImpactReport:
    """Returns the v2 representation of a report."""
    return schemas.ImpactReport.model_validate(found)
