"""Maps sign-in with providers, and identities, between v2 schemas and the core."""

from app.identities.commands import FlowStart, Purpose
from app.identities.views import Completed, IdentityView, StartedFlow
from versions.kit.typeid import encode
from versions.v2.auth.mapping import tokens
from versions.v2.ids import IDENTITY
from versions.v2.providers import schemas


def sign_in(
    provider: str, callback: str, browser: str | None, return_to: str | None, code_challenge: str | None
) -> FlowStart:
    """Returns the sign-in to start."""
    return FlowStart(provider, callback, browser, return_to, code_challenge)


def visit(body: schemas.NewVisit, provider: str, callback: str, browser: str | None) -> tuple[FlowStart, Purpose]:
    """Returns the visit to start and its purpose."""
    return FlowStart(provider, callback, browser, body.redirect_to), Purpose(body.purpose)


def started(flow: StartedFlow) -> schemas.Visit:
    """Returns where the browser goes."""
    return schemas.Visit(authorization_url=flow.url, expires_at=flow.expires_at)


def result(completed: Completed) -> schemas.ProviderResult:
    """Returns the response of a callback in JSON."""
    pair = completed.tokens
    return schemas.ProviderResult(outcome=completed.completion.value, tokens=None if pair is None else tokens(pair))


def identity(view: IdentityView) -> schemas.Identity:
    """Returns the v2 representation of an identity."""
    return schemas.Identity(
        id=encode(IDENTITY, view.uid),
        provider=view.provider,
        email=view.email,
        created_at=view.created_at,
        last_used_at=view.last_used_at,
    )
