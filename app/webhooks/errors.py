"""Errors of webhooks."""

from typing import Final

from app.errors import Conflict, FieldError, InvalidValue, NotFound
from app.kit.egress.errors import Reason

_DETAILS: Final = {
    Reason.BAD_URL: "The URL must have a host, no user and no fragment, and port 443 or one from 1024 on.",
    Reason.INSECURE: "The URL must begin with https://.",
    Reason.FORBIDDEN_ADDRESS: "The host of the URL is not on the public internet.",
}


class WebhookEndpointNotFound(NotFound):
    """The endpoint does not exist, or the caller does not own it."""

    code = "webhook_endpoint_not_found"
    detail = "You have no such webhook endpoint."


class TooManyWebhookEndpoints(Conflict):
    code = "too_many_webhook_endpoints"
    detail = "You have as many webhook endpoints as your plan allows. Delete one first."


class WebhookUrlRefused(InvalidValue):
    """``detail`` names the reason."""

    code = "webhook_url_refused"
    detail = "Webhooks are not delivered to this URL."

    def __init__(self, reason: Reason) -> None:
        detail = _DETAILS.get(reason, self.detail)
        super().__init__(detail, fields=[FieldError(("url",), self.code, detail)])


class UnknownEventType(InvalidValue):
    code = "unknown_event_type"
    detail = "This version has no events of this type."

    def __init__(self, *path: str | int, where: str = "body") -> None:
        super().__init__(fields=[FieldError(path, self.code, self.detail, where)])


class DeliveryNotFound(NotFound):
    """The delivery does not exist, or the caller does not own its endpoint."""

    code = "delivery_not_found"
    detail = "You have no such delivery. Deliveries are deleted after a time."


class EventNotDelivered(NotFound):
    """The caller continues after an event that the endpoint has no delivery of."""

    code = "event_not_delivered"
    detail = "The endpoint has no delivery of this event, or it was deleted. List deliveries without `after`."


class WebhookEndpointDisabled(Conflict):
    code = "webhook_endpoint_disabled"
    detail = "The endpoint is disabled. Set its state to active first."


class DeliveryEventDeleted(Conflict):
    code = "event_deleted"
    detail = "The event was deleted, as events are after a time. It cannot be delivered again."
