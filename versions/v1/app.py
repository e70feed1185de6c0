"""v1, put together."""

from typing import Final

from fastapi import FastAPI

from app.settings.http import HttpSettings
from observability.rate_limit.headers import X_RATELIMIT
from versions.kit.application import build_application
from versions.kit.version import ApiVersion
from versions.v1.auth.routes import auth
from versions.v1.errors import render
from versions.v1.posts.routes import posts, search
from versions.v1.users.routes import admin, users

_TAGS: Final = (
    {"name": "auth", "description": "Registration and sign-in."},
    {"name": "users", "description": "Accounts."},
    {"name": "admin", "description": "What only administrators do."},
    {"name": "posts", "description": "Writing, reading, searching."},
)
_DESCRIPTION: Final = (
    "Deprecated and frozen: it stays as it is until its sunset. New clients use v2; "
    "the [migration guide](/docs/migrate/v1-to-v2) leads there."
)


def build(version: ApiVersion, settings: HttpSettings) -> FastAPI:
    """The application of v1."""
    return build_application(
        version,
        settings,
        title="Strata API v1",
        description=_DESCRIPTION,
        tags=_TAGS,
        routers=[auth, users, admin, posts, search],
        render=render,
        dialect=X_RATELIMIT,
    )
