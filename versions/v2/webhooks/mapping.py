"""Maps webhook endpoints between v2 schemas and the core."""

from datetime import timedelta
from typing import Any, Final

from app.webhooks.commands import EndpointDraft, EndpointEdit
from app.webhooks.delivery_views import Recovery
from app.webhooks.views import EndpointView, TestSend
from versions.kit.typeid import encode
from versions.v2.events import RENDERER
from versions.v2.ids import WEBHOOK_ENDPOINT
from versions.v2.webhooks import schemas

_KNOWN: Final = RENDERER.types.keys()


def draft(body: schemas.WebhookEndpointCreate) -> EndpointDraft:
    """Returns the endpoint to create."""
    return EndpointDraft(body.url, body.events, RENDERER.version, _KNOWN, body.description)


def edit(patch: schemas.WebhookEndpointPatch) -> EndpointEdit:
    """Returns the edit with the members that the patch contains."""
    given: dict[str, Any] = {name: getattr(patch, name) for name in patch.model_fields_set}
    if "state" in given:
        given["active"] = given.pop("state") == "active"
    return EndpointEdit(known=_KNOWN, **given)


def overlap(body: schemas.SecretRotation) -> timedelta:
    """Returns for how long the replaced secret signs."""
    return timedelta(seconds=body.overlap_seconds)


def endpoint(view: EndpointView) -> schemas.WebhookEndpoint:
    """Returns the v2 representation of an endpoint."""
    return schemas.WebhookEndpoint.model_construct(
        id=encode(WEBHOOK_ENDPOINT, view.uid),
        v1_id=view.id,
        url=view.url,
        events=list(view.events),
        description=view.description,
        api_version=view.api_version,
        state=view.state,
        disabled_reason=view.disabled_reason,
        disabled_at=view.disabled_at,
        created_at=view.created_at,
    )


def with_secret(view: EndpointView, secret: str) -> schemas.WebhookEndpointWithSecret:
    """Returns the v2 representation of an endpoint with its new secret."""
    return schemas.WebhookEndpointWithSecret.model_construct(**dict(endpoint(view)), secret=secret)


def test(sent: TestSend) -> schemas.WebhookTest:
    """Returns what was signed, and what came of it."""
    outcome = sent.outcome
    return schemas.WebhookTest.model_construct(
        webhook_id=sent.webhook_id,
        webhook_timestamp=sent.timestamp,
        body_length=sent.body_length,
        body_sha256=sent.body_sha256,
        succeeded=outcome.succeeded,
        status=outcome.status,
        error=outcome.error,
        response=outcome.excerpt,
        duration_ms=outcome.duration_ms,
    )


def recovery(found: Recovery) -> schemas.Recovery:
    """Returns how much is delivered again."""
    return schemas.Recovery.model_construct(recovered=found.recovered, complete=found.complete)
