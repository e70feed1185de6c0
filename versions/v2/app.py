"""Builds the application of v2."""

from typing import Final

from fastapi import FastAPI

from app.settings.http import HttpSettings
from observability.rate_limit.headers import DRAFT_11
from versions.kit.application import build_application, load_resources
from versions.kit.version import ApiVersion
from versions.v2.auth.errors import render

_RESOURCES: Final = (
    "auth",
    "providers",
    "api_keys",
    "users",
    "posts",
    "audit_events",
    "exports",
    "ledger",
    "event_log",
    "streams",
    "files",
    "jobs",
    "notifications",
    "webhooks",
    "deliveries",
    "live",
    "usage",
    "impact",
    "limits",
)
"""The folders of this version, in the order of its OpenAPI document. Registering a resource is one line here."""
_DESCRIPTION: Final = (
    "Ids are TypeIDs, lists are paged with cursors, failures are problem details (RFC 9457), "
    "every write takes an `Idempotency-Key`, and what you read carries an `ETag` for conditional requests."
)


def build(version: ApiVersion, settings: HttpSettings) -> FastAPI:
    """Returns the application of v2."""
    return build_application(
        version,
        settings,
        title="Strata API v2",
        description=_DESCRIPTION,
        resources=load_resources(__package__, _RESOURCES),
        render=render,
        dialect=DRAFT_11,
    )
