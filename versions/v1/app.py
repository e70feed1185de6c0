"""Builds the application of v1."""

from typing import Final

from fastapi import FastAPI

from app.settings.http import HttpSettings
from observability.rate_limit.headers import X_RATELIMIT
from versions.kit.application import build_application, load_resources
from versions.kit.version import ApiVersion
from versions.v1.errors import render

_RESOURCES: Final = (
    "auth",
    "users",
    "posts",
    "exports",
    "ledger",
    "files",
    "tasks",
    "notifications",
    "webhooks",
    "streams",
    "live",
)
"""The folders of this version, in the order of its OpenAPI document. Registering a resource is one line here."""
_DESCRIPTION: Final = (
    "Deprecated and frozen: it stays as it is until its sunset. New clients use v2; "
    "the [migration guide](/docs/migrate/v1-to-v2) leads there."
)


def build(version: ApiVersion, settings: HttpSettings) -> FastAPI:
    """Returns the application of v1."""
    return build_application(
        version,
        settings,
        title="Strata API v1",
        description=_DESCRIPTION,
        resources=load_resources(__package__, _RESOURCES),
        render=render,
        dialect=X_RATELIMIT,
    )
