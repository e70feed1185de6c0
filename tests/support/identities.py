"""Identities, and identities that await a confirmation, without a provider."""

from datetime import timedelta
from typing import Final
from uuid import uuid4

from pydantic import SecretStr
from uuid_utils.compat import uuid7

from app.auth.mailed_tokens import Purpose
from app.http.auth import AuthComponent
from app.kit.clock import utc_now
from app.models import Identity, IdentityConfirmation, User
from app.settings.providers import GitHubSettings, ProviderSettings
from tests.support.app import TestApp

PROVIDERS: Final = ProviderSettings(github=GitHubSettings(client_id="strata", client_secret=SecretStr("secret")))
"""A visit to GitHub starts without a request to it."""


async def link(test_app: TestApp, user: User, subject: str | None = None) -> Identity:
    """An identity of the user at GitHub."""
    identity = Identity(user_id=user.id, provider="github", subject=subject or uuid4().hex)
    async with test_app.runtime.database.write() as session:
        session.add(identity)
    return identity


async def request_confirmation(test_app: TestApp, user: User, subject: str | None = None) -> str:
    """The mailed token that confirms an identity at GitHub with the address of the user."""
    uid, now = uuid7(), utc_now()
    tokens = test_app.runtime.get(AuthComponent).mailed_tokens
    token = tokens.token(Purpose.IDENTITY, uid)
    confirmation = IdentityConfirmation(
        uid=uid,
        user_id=user.id,
        provider="github",
        subject=subject or uuid4().hex,
        email=user.email.capitalize(),
        network="192.0.2.0/24",
        digest=tokens.digest(token),
        created_at=now,
        expires_at=now + timedelta(hours=1),
    )
    async with test_app.runtime.database.write() as session:
        session.add(confirmation)
    return token
