"""Notifications in v1."""

from typing import Annotated, Final

from fastapi import Query

from app.http.deps.notifications import NotificationServiceDep
from versions.kit.application import Resource
from versions.kit.needs import SEND_NOTIFICATIONS
from versions.kit.operations import SIGNED_IN
from versions.kit.values import NO_NUL
from versions.v1.errors import operations
from versions.v1.notifications import schemas
from versions.v1.routing import Id, number, router

MessageQuery = Annotated[
    str,
    Query(
        min_length=1,
        max_length=1000,
        pattern=NO_NUL,
        description="The message, as plain text.",
        examples=["Your report is ready."],
    ),
]

notifications = router("/ws", "notifications")
RESOURCE: Final = Resource(
    tags=({"name": "notifications", "description": "Messages to single users. Kept for 90 days."},),
    routers=(notifications,),
)


@notifications.post(
    "/send-notification/{user_id}",
    **operations.declare("notifications.create", security=SIGNED_IN, needs=SEND_NOTIFICATIONS, fails=[404]),
)
async def send_notification(
    user_id: Id, message: MessageQuery, service: NotificationServiceDep
) -> schemas.NotificationSent:
    """Send a message to a user. Moderators and admins only."""
    await service.send(number(user_id), message)
    return schemas.NotificationSent(message="Notification sent")
