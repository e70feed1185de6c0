"""v2, put together."""

from typing import Final

from fastapi import FastAPI

from app.settings.http import HttpSettings
from observability.rate_limit.headers import DRAFT_11
from versions.kit.application import build_application
from versions.kit.version import ApiVersion
from versions.v2.auth.routes import auth
from versions.v2.errors import render
from versions.v2.limits.routes import limits
from versions.v2.posts.routes import posts, search
from versions.v2.users.routes import me, users

_TAGS: Final = (
    {"name": "auth", "description": "Registration, tokens, sessions."},
    {"name": "users", "description": "Accounts, roles, permissions."},
    {"name": "posts", "description": "Writing, reading, searching."},
    {"name": "limits", "description": "How much a caller may ask for."},
)
_DESCRIPTION: Final = (
    "The current version. Ids are TypeIDs, lists are paged with cursors, failures are problem details (RFC 9457), "
    "every write takes an `Idempotency-Key`, and what you read carries an `ETag` for conditional requests."
)


def build(version: ApiVersion, settings: HttpSettings) -> FastAPI:
    """The application of v2."""
    return build_application(
        version,
        settings,
        title="Strata API v2",
        description=_DESCRIPTION,
        tags=_TAGS,
        routers=[auth, me, users, posts, search, limits],
        render=render,
        dialect=DRAFT_11,
    )
