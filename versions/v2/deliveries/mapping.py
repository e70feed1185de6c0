"""Maps deliveries between v2 schemas and the core."""

from collections.abc import Sequence
from typing import Any, Final

from app.webhooks.commands import DeliveryFilter
from app.webhooks.delivery_views import AttemptView, DeliveryStatus, DeliveryView
from versions.kit.typeid import encode
from versions.v2.deliveries import schemas
from versions.v2.events import RENDERER
from versions.v2.ids import DELIVERY, EVENT, WEBHOOK_ENDPOINT, known

KNOWN: Final = RENDERER.types.keys()


def wanted(types: Sequence[str] | None, status: DeliveryStatus | None, after: object | None) -> DeliveryFilter:
    """Returns the filter of these parameters."""
    return DeliveryFilter(types, status, None if after is None else known(after))


def delivery(view: DeliveryView) -> schemas.Delivery:
    """Returns the v2 representation of a delivery."""
    return schemas.Delivery.model_construct(**_values(view))


def with_attempts(view: DeliveryView, attempts: Sequence[AttemptView]) -> schemas.DeliveryWithAttempts:
    """Returns the v2 representation of a delivery and its attempts."""
    return schemas.DeliveryWithAttempts.model_construct(**_values(view), attempts=[_attempt(one) for one in attempts])


def _values(view: DeliveryView) -> dict[str, Any]:
    return {
        "id": encode(DELIVERY, view.uid),
        "webhook_endpoint_id": encode(WEBHOOK_ENDPOINT, view.endpoint_uid),
        "event_id": encode(EVENT, view.event_uid),
        "type": view.event_type,
        "api_version": view.api_version,
        "kind": view.kind,
        "status": view.status,
        "reason": view.reason,
        "attempt_count": view.attempt,
        "next_attempt_at": view.next_attempt_at,
        "created_at": view.created_at,
        "first_attempt_at": view.first_attempt_at,
        "finished_at": view.finished_at,
    }


def _attempt(view: AttemptView) -> schemas.DeliveryAttempt:
    return schemas.DeliveryAttempt.model_construct(
        number=view.number,
        started_at=view.started_at,
        duration_ms=view.duration_ms,
        status=view.status,
        error=view.error,
        response=view.excerpt,
        trace_id=view.trace_id,
    )
